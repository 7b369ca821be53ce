-- Many new rows in user at once, each stamped in its place after the given time; gives their ids in that order, or what
-- get.sql gives of each. A row may bring an id of its own.
-- By user.PRIMARY.
INSERT INTO user (
  id,
  identification,
  fullname,
  password,
  email,
  phone,
  address,
  role,
  status,
  created_at,
  updated_at
)
SELECT
  given.id,
  given.identification,
  given.fullname,
  given.password,
  given.email,
  given.phone,
  given.address,
  given.role,
  given.status,
  %(stamp)s + INTERVAL given.place MICROSECOND,
  %(stamp)s + INTERVAL given.place MICROSECOND
FROM JSON_TABLE(
  %(rows)s,
  '$[*]' COLUMNS (
    place          FOR ORDINALITY,
    id             BIGINT PATH '$.id',
    identification BIGINT PATH '$.identification',
    fullname       VARCHAR(120) PATH '$.fullname',
    password       VARCHAR(255) PATH '$.password',
    email          VARCHAR(120) PATH '$.email',
    phone          VARCHAR(40) PATH '$.phone',
    address        VARCHAR(255) PATH '$.address',
    role           VARCHAR(20) PATH '$.role',
    status         BOOLEAN PATH '$.status'
  )
) AS given
ORDER BY given.place
RETURNING /* returning: */ id /* :returning */;
