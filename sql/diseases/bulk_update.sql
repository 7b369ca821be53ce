-- Sets in many rows of diseases the fields that each of the given ones brings; the trigger stamps them.
-- By diseases.PRIMARY.
UPDATE diseases
JOIN JSON_TABLE(
  %(rows)s,
  '$[*]' COLUMNS (
    id           BIGINT PATH '$.id',
    name         VARCHAR(100) PATH '$.name',
    has_name     INT EXISTS PATH '$.name',
    symptoms     VARCHAR(255) PATH '$.symptoms',
    has_symptoms INT EXISTS PATH '$.symptoms',
    details      VARCHAR(255) PATH '$.details',
    has_details  INT EXISTS PATH '$.details'
  )
) AS given ON given.id = diseases.id
SET
  diseases.name = IF(given.has_name, given.name, diseases.name),
  diseases.symptoms = IF(given.has_symptoms, given.symptoms, diseases.symptoms),
  diseases.details = IF(given.has_details, given.details, diseases.details);
