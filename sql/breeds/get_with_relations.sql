-- The breeds with the given ids as JSON rows with what they relate to, at most 50 of each, and when any of these tables
-- last changed.
-- By breeds.PRIMARY, animals.ix_animals_breeds_id, animals.PRIMARY, ledger.PRIMARY; the
-- index of the foreign key holds a breed's animals in the order of their ids: only the rows of the first 50 are read.
SELECT
  id,
  (SELECT MAX(last_modified) FROM ledger WHERE table_name IN ('breeds', 'species', 'animals')) AS updated_at,
  NOW(6) AS answered_at,
  CONCAT(
    '{"id":', breeds.id,
    ',"name":', JSON_QUOTE(breeds.name),
    ',"species_id":', breeds.species_id,
    ',"created_at":"', REPLACE(breeds.created_at, ' ', 'T'), 'Z"',
    ',"updated_at":"', REPLACE(breeds.updated_at, ' ', 'T'), 'Z"',
    /* relations: */
    ',"species":', COALESCE((
      SELECT JSON_OBJECT('id', related.id, 'name', related.name)
      FROM species AS related
      WHERE related.id = breeds.species_id
    ), 'null'),
    ',"animals":[', COALESCE((
      SELECT GROUP_CONCAT(JSON_OBJECT('id', related.id, 'record', related.record, 'sex', related.sex, 'status', related.status) ORDER BY related.id SEPARATOR ',' LIMIT 50)
      FROM animals AS listed FORCE INDEX (ix_animals_breeds_id)
      JOIN animals AS related ON related.id = listed.id
      WHERE listed.breeds_id = breeds.id
        AND listed.id <= COALESCE((SELECT id FROM animals FORCE INDEX (ix_animals_breeds_id) WHERE breeds_id = breeds.id ORDER BY id LIMIT 1 OFFSET 49), listed.id)
    ), ''), ']',
    /* :relations */
    '}'
  ) AS data
FROM breeds
WHERE id IN %(ids)s
ORDER BY id;
