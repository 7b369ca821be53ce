-- What keeps the given rows out of breeds: place in the array, field, and why: its value is taken by another row,
-- repeated among the given ones, or refers to a row that is missing; and the row that has it.
-- By breeds.uq_breeds_species_id_name, species.PRIMARY.
WITH given AS (
  SELECT *
  FROM JSON_TABLE(
    %(rows)s,
    '$[*]' COLUMNS (
      place      FOR ORDINALITY,
      id         BIGINT PATH '$.id',
      species_id BIGINT PATH '$.species_id',
      name       VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci PATH '$.name'
    )
  ) AS rows_given
)
SELECT given.place, 'name' AS field, 'taken' AS reason, breeds.id AS row_id
FROM given
JOIN breeds ON breeds.species_id = given.species_id AND breeds.name = given.name AND NOT breeds.id <=> given.id
UNION ALL
SELECT repeated.place, 'name', 'repeated', NULL
FROM (SELECT place, species_id, name, ROW_NUMBER() OVER (PARTITION BY species_id, name ORDER BY place) AS nth FROM given) AS repeated
WHERE repeated.nth > 1 AND repeated.species_id IS NOT NULL
UNION ALL
SELECT given.place, 'species_id', 'missing', NULL
FROM given
LEFT JOIN species ON species.id = given.species_id
WHERE given.species_id IS NOT NULL AND species.id IS NULL
ORDER BY place, field;
