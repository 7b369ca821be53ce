-- What keeps the given rows out of diseases: place in the array, field, and why: its value is taken by another row,
-- repeated among the given ones, or refers to a row that is missing; and the row that has it.
-- By diseases.uq_diseases_name.
WITH given AS (
  SELECT *
  FROM JSON_TABLE(
    %(rows)s,
    '$[*]' COLUMNS (
      place FOR ORDINALITY,
      id    BIGINT PATH '$.id',
      name  VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci PATH '$.name'
    )
  ) AS rows_given
)
SELECT given.place, 'name' AS field, 'taken' AS reason, diseases.id AS row_id
FROM given
JOIN diseases ON diseases.name = given.name AND NOT diseases.id <=> given.id
UNION ALL
SELECT repeated.place, 'name', 'repeated', NULL
FROM (SELECT place, name, ROW_NUMBER() OVER (PARTITION BY name ORDER BY place) AS nth FROM given) AS repeated
WHERE repeated.nth > 1 AND repeated.name IS NOT NULL
ORDER BY place, field;
