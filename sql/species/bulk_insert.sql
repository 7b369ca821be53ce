-- Many new rows in species at once, each stamped in its place after the given time; gives their ids in that order, or
-- what get.sql gives of each. A row may bring an id of its own.
-- By species.PRIMARY.
INSERT INTO species (
  id,
  name,
  created_at,
  updated_at
)
SELECT
  given.id,
  given.name,
  %(stamp)s + INTERVAL given.place MICROSECOND,
  %(stamp)s + INTERVAL given.place MICROSECOND
FROM JSON_TABLE(
  %(rows)s,
  '$[*]' COLUMNS (
    place FOR ORDINALITY,
    id    BIGINT PATH '$.id',
    name  VARCHAR(255) PATH '$.name'
  )
) AS given
ORDER BY given.place
RETURNING /* returning: */ id /* :returning */;
