-- Many new rows in diseases at once, each stamped in its place after the given time; gives their ids in that order, or
-- what get.sql gives of each. A row may bring an id of its own.
-- By diseases.PRIMARY.
INSERT INTO diseases (
  id,
  name,
  symptoms,
  details,
  created_at,
  updated_at
)
SELECT
  given.id,
  given.name,
  given.symptoms,
  given.details,
  %(stamp)s + INTERVAL given.place MICROSECOND,
  %(stamp)s + INTERVAL given.place MICROSECOND
FROM JSON_TABLE(
  %(rows)s,
  '$[*]' COLUMNS (
    place    FOR ORDINALITY,
    id       BIGINT PATH '$.id',
    name     VARCHAR(100) PATH '$.name',
    symptoms VARCHAR(255) PATH '$.symptoms',
    details  VARCHAR(255) PATH '$.details'
  )
) AS given
ORDER BY given.place
RETURNING /* returning: */ id /* :returning */;
