-- Sets in many rows of animal_diseases the fields that each of the given ones brings; the trigger stamps them.
-- By animal_diseases.PRIMARY.
UPDATE animal_diseases
JOIN JSON_TABLE(
  %(rows)s,
  '$[*]' COLUMNS (
    id                 BIGINT PATH '$.id',
    animal_id          BIGINT PATH '$.animal_id',
    has_animal_id      INT EXISTS PATH '$.animal_id',
    disease_id         BIGINT PATH '$.disease_id',
    has_disease_id     INT EXISTS PATH '$.disease_id',
    instructor_id      BIGINT PATH '$.instructor_id',
    has_instructor_id  INT EXISTS PATH '$.instructor_id',
    diagnosis_date     DATE PATH '$.diagnosis_date',
    has_diagnosis_date INT EXISTS PATH '$.diagnosis_date',
    status             VARCHAR(50) PATH '$.status',
    has_status         INT EXISTS PATH '$.status',
    notes              TEXT PATH '$.notes',
    has_notes          INT EXISTS PATH '$.notes'
  )
) AS given ON given.id = animal_diseases.id
SET
  animal_diseases.animal_id = IF(given.has_animal_id, given.animal_id, animal_diseases.animal_id),
  animal_diseases.disease_id = IF(given.has_disease_id, given.disease_id, animal_diseases.disease_id),
  animal_diseases.instructor_id = IF(given.has_instructor_id, given.instructor_id, animal_diseases.instructor_id),
  animal_diseases.diagnosis_date = IF(given.has_diagnosis_date, given.diagnosis_date, animal_diseases.diagnosis_date),
  animal_diseases.status = IF(given.has_status, given.status, animal_diseases.status),
  animal_diseases.notes = IF(given.has_notes, given.notes, animal_diseases.notes);
