-- Many new rows in animals at once, each stamped in its place after the given time; gives their ids in that order, or
-- what get.sql gives of each. A row may bring an id of its own.
-- By animals.PRIMARY.
INSERT INTO animals (
  id,
  record,
  sex,
  birth_date,
  weight,
  status,
  breeds_id,
  idFather,
  idMother,
  created_at,
  updated_at
)
SELECT
  given.id,
  given.record,
  given.sex,
  given.birth_date,
  given.weight,
  given.status,
  given.breeds_id,
  given.idFather,
  given.idMother,
  %(stamp)s + INTERVAL given.place MICROSECOND,
  %(stamp)s + INTERVAL given.place MICROSECOND
FROM JSON_TABLE(
  %(rows)s,
  '$[*]' COLUMNS (
    place      FOR ORDINALITY,
    id         BIGINT PATH '$.id',
    record     VARCHAR(255) PATH '$.record',
    sex        VARCHAR(10) PATH '$.sex',
    birth_date DATE PATH '$.birth_date',
    weight     INT PATH '$.weight',
    status     VARCHAR(50) PATH '$.status',
    breeds_id  BIGINT PATH '$.breeds_id',
    idFather   BIGINT PATH '$.idFather',
    idMother   BIGINT PATH '$.idMother'
  )
) AS given
ORDER BY given.place
RETURNING /* returning: */ id /* :returning */;
