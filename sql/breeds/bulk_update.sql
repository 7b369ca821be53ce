-- Sets in many rows of breeds the fields that each of the given ones brings; the trigger stamps them.
-- By breeds.PRIMARY.
UPDATE breeds
JOIN JSON_TABLE(
  %(rows)s,
  '$[*]' COLUMNS (
    id             BIGINT PATH '$.id',
    name           VARCHAR(255) PATH '$.name',
    has_name       INT EXISTS PATH '$.name',
    species_id     BIGINT PATH '$.species_id',
    has_species_id INT EXISTS PATH '$.species_id'
  )
) AS given ON given.id = breeds.id
SET
  breeds.name = IF(given.has_name, given.name, breeds.name),
  breeds.species_id = IF(given.has_species_id, given.species_id, breeds.species_id);
