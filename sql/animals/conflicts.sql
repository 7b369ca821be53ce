-- What keeps the given rows out of animals: place in the array, field, and why: its value is taken by another row,
-- repeated among the given ones, or refers to a row that is missing; and the row that has it.
-- By animals.uq_animals_record, breeds.PRIMARY, animals.PRIMARY.
WITH given AS (
  SELECT *
  FROM JSON_TABLE(
    %(rows)s,
    '$[*]' COLUMNS (
      place     FOR ORDINALITY,
      id        BIGINT PATH '$.id',
      record    VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci PATH '$.record',
      breeds_id BIGINT PATH '$.breeds_id',
      idFather  BIGINT PATH '$.idFather',
      idMother  BIGINT PATH '$.idMother'
    )
  ) AS rows_given
)
SELECT given.place, 'record' AS field, 'taken' AS reason, animals.id AS row_id
FROM given
JOIN animals ON animals.record = given.record AND NOT animals.id <=> given.id
UNION ALL
SELECT repeated.place, 'record', 'repeated', NULL
FROM (SELECT place, record, ROW_NUMBER() OVER (PARTITION BY record ORDER BY place) AS nth FROM given) AS repeated
WHERE repeated.nth > 1 AND repeated.record IS NOT NULL
UNION ALL
SELECT given.place, 'breeds_id', 'missing', NULL
FROM given
LEFT JOIN breeds ON breeds.id = given.breeds_id
WHERE given.breeds_id IS NOT NULL AND breeds.id IS NULL
UNION ALL
SELECT given.place, 'idFather', 'missing', NULL
FROM given
LEFT JOIN animals ON animals.id = given.idFather
WHERE given.idFather IS NOT NULL AND animals.id IS NULL
UNION ALL
SELECT given.place, 'idMother', 'missing', NULL
FROM given
LEFT JOIN animals ON animals.id = given.idMother
WHERE given.idMother IS NOT NULL AND animals.id IS NULL
ORDER BY place, field;
