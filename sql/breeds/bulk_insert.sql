-- Many new rows in breeds at once, each stamped in its place after the given time; gives their ids in that order, or
-- what get.sql gives of each. A row may bring an id of its own.
-- By breeds.PRIMARY.
INSERT INTO breeds (
  id,
  name,
  species_id,
  created_at,
  updated_at
)
SELECT
  given.id,
  given.name,
  given.species_id,
  %(stamp)s + INTERVAL given.place MICROSECOND,
  %(stamp)s + INTERVAL given.place MICROSECOND
FROM JSON_TABLE(
  %(rows)s,
  '$[*]' COLUMNS (
    place      FOR ORDINALITY,
    id         BIGINT PATH '$.id',
    name       VARCHAR(255) PATH '$.name',
    species_id BIGINT PATH '$.species_id'
  )
) AS given
ORDER BY given.place
RETURNING /* returning: */ id /* :returning */;
