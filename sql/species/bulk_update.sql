-- Sets in many rows of species the fields that each of the given ones brings; the trigger stamps them.
-- By species.PRIMARY.
UPDATE species
JOIN JSON_TABLE(
  %(rows)s,
  '$[*]' COLUMNS (
    id       BIGINT PATH '$.id',
    name     VARCHAR(255) PATH '$.name',
    has_name INT EXISTS PATH '$.name'
  )
) AS given ON given.id = species.id
SET
  species.name = IF(given.has_name, given.name, species.name);
