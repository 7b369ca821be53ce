-- Many new rows in animal_diseases at once, each stamped in its place after the given time; gives their ids in that
-- order, or what get.sql gives of each. A row may bring an id of its own.
-- By animal_diseases.PRIMARY.
INSERT INTO animal_diseases (
  id,
  animal_id,
  disease_id,
  instructor_id,
  diagnosis_date,
  status,
  notes,
  created_at,
  updated_at
)
SELECT
  given.id,
  given.animal_id,
  given.disease_id,
  given.instructor_id,
  given.diagnosis_date,
  given.status,
  given.notes,
  %(stamp)s + INTERVAL given.place MICROSECOND,
  %(stamp)s + INTERVAL given.place MICROSECOND
FROM JSON_TABLE(
  %(rows)s,
  '$[*]' COLUMNS (
    place          FOR ORDINALITY,
    id             BIGINT PATH '$.id',
    animal_id      BIGINT PATH '$.animal_id',
    disease_id     BIGINT PATH '$.disease_id',
    instructor_id  BIGINT PATH '$.instructor_id',
    diagnosis_date DATE PATH '$.diagnosis_date',
    status         VARCHAR(50) PATH '$.status',
    notes          TEXT PATH '$.notes'
  )
) AS given
ORDER BY given.place
RETURNING /* returning: */ id /* :returning */;
