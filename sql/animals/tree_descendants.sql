-- An animal and its descendants down to a number of generations as JSON rows, the nearest first and no more than the
-- limit, each with the fewest generations to it.
-- By animals.PRIMARY, animals.ix_animals_idFather, animals.ix_animals_idMother, ledger.PRIMARY.
WITH RECURSIVE line (id, depth) AS (
  SELECT id, 0
  FROM animals
  WHERE id = %(animal_id)s
  UNION
  SELECT child.id, line.depth + 1
  FROM line
  JOIN animals AS child ON child.idFather = line.id
  WHERE line.depth < %(max_depth)s
  UNION
  SELECT child.id, line.depth + 1
  FROM line
  JOIN animals AS child ON child.idMother = line.id
  WHERE line.depth < %(max_depth)s
),
nearest AS (
  SELECT id, MIN(depth) AS depth
  FROM line
  GROUP BY id
  ORDER BY MIN(depth), id
  LIMIT %(limit)s
)
SELECT
  nearest.id,
  nearest.depth,
  animals.idFather,
  animals.idMother,
  (SELECT last_modified FROM ledger WHERE table_name = 'animals') AS as_of,
  NOW(6) AS answered_at,
  CONCAT(
    '{"id":', animals.id,
    ',"record":', JSON_QUOTE(animals.record),
    ',"sex":', JSON_QUOTE(animals.sex),
    ',"birth_date":"', animals.birth_date, '"',
    ',"weight":', animals.weight,
    ',"status":', JSON_QUOTE(animals.status),
    ',"breeds_id":', animals.breeds_id,
    ',"idFather":', COALESCE(animals.idFather, 'null'),
    ',"idMother":', COALESCE(animals.idMother, 'null'),
    ',"age_in_days":', DATEDIFF(%(today)s, animals.birth_date),
    ',"age_in_months":', ROUND(DATEDIFF(%(today)s, animals.birth_date) / 30.44),
    ',"is_adult":', IF(ROUND(DATEDIFF(%(today)s, animals.birth_date) / 30.44) >= 12, 'true', 'false'),
    ',"created_at":"', REPLACE(animals.created_at, ' ', 'T'), 'Z"',
    ',"updated_at":"', REPLACE(animals.updated_at, ' ', 'T'), 'Z"',
    '}'
  ) AS data
FROM nearest
JOIN animals ON animals.id = nearest.id
ORDER BY nearest.depth, nearest.id;
