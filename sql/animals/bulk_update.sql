-- Sets in many rows of animals the fields that each of the given ones brings; the trigger stamps them.
-- By animals.PRIMARY.
UPDATE animals
JOIN JSON_TABLE(
  %(rows)s,
  '$[*]' COLUMNS (
    id             BIGINT PATH '$.id',
    record         VARCHAR(255) PATH '$.record',
    has_record     INT EXISTS PATH '$.record',
    sex            VARCHAR(10) PATH '$.sex',
    has_sex        INT EXISTS PATH '$.sex',
    birth_date     DATE PATH '$.birth_date',
    has_birth_date INT EXISTS PATH '$.birth_date',
    weight         INT PATH '$.weight',
    has_weight     INT EXISTS PATH '$.weight',
    status         VARCHAR(50) PATH '$.status',
    has_status     INT EXISTS PATH '$.status',
    breeds_id      BIGINT PATH '$.breeds_id',
    has_breeds_id  INT EXISTS PATH '$.breeds_id',
    idFather       BIGINT PATH '$.idFather',
    has_idFather   INT EXISTS PATH '$.idFather',
    idMother       BIGINT PATH '$.idMother',
    has_idMother   INT EXISTS PATH '$.idMother'
  )
) AS given ON given.id = animals.id
SET
  animals.record = IF(given.has_record, given.record, animals.record),
  animals.sex = IF(given.has_sex, given.sex, animals.sex),
  animals.birth_date = IF(given.has_birth_date, given.birth_date, animals.birth_date),
  animals.weight = IF(given.has_weight, given.weight, animals.weight),
  animals.status = IF(given.has_status, given.status, animals.status),
  animals.breeds_id = IF(given.has_breeds_id, given.breeds_id, animals.breeds_id),
  animals.idFather = IF(given.has_idFather, given.idFather, animals.idFather),
  animals.idMother = IF(given.has_idMother, given.idMother, animals.idMother);
