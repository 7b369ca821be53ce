-- What keeps the given rows out of species: place in the array, field, and why: its value is taken by another row,
-- repeated among the given ones, or refers to a row that is missing; and the row that has it.
-- By species.uq_species_name.
WITH given AS (
  SELECT *
  FROM JSON_TABLE(
    %(rows)s,
    '$[*]' COLUMNS (
      place FOR ORDINALITY,
      id    BIGINT PATH '$.id',
      name  VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci PATH '$.name'
    )
  ) AS rows_given
)
SELECT given.place, 'name' AS field, 'taken' AS reason, species.id AS row_id
FROM given
JOIN species ON species.name = given.name AND NOT species.id <=> given.id
UNION ALL
SELECT repeated.place, 'name', 'repeated', NULL
FROM (SELECT place, name, ROW_NUMBER() OVER (PARTITION BY name ORDER BY place) AS nth FROM given) AS repeated
WHERE repeated.nth > 1 AND repeated.name IS NOT NULL
ORDER BY place, field;
