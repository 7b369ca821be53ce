-- The species with the given ids as JSON rows with what they relate to, at most 50 of each, and when any of these
-- tables last changed.
-- By species.PRIMARY, breeds.uq_breeds_species_id_name, ledger.PRIMARY.
SELECT
  id,
  (SELECT MAX(last_modified) FROM ledger WHERE table_name IN ('species', 'breeds')) AS updated_at,
  NOW(6) AS answered_at,
  CONCAT(
    '{"id":', species.id,
    ',"name":', JSON_QUOTE(species.name),
    ',"created_at":"', REPLACE(species.created_at, ' ', 'T'), 'Z"',
    ',"updated_at":"', REPLACE(species.updated_at, ' ', 'T'), 'Z"',
    /* relations: */
    ',"breeds":[', COALESCE((
      SELECT GROUP_CONCAT(JSON_OBJECT('id', related.id, 'name', related.name) ORDER BY related.id SEPARATOR ',' LIMIT 50)
      FROM breeds AS related
      WHERE related.species_id = species.id
    ), ''), ']',
    /* :relations */
    '}'
  ) AS data
FROM species
WHERE id IN %(ids)s
ORDER BY id;
