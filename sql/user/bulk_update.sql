-- Sets in many rows of user the fields that each of the given ones brings; the trigger stamps them.
-- By user.PRIMARY.
UPDATE user
JOIN JSON_TABLE(
  %(rows)s,
  '$[*]' COLUMNS (
    id                 BIGINT PATH '$.id',
    identification     BIGINT PATH '$.identification',
    has_identification INT EXISTS PATH '$.identification',
    fullname           VARCHAR(120) PATH '$.fullname',
    has_fullname       INT EXISTS PATH '$.fullname',
    password           VARCHAR(255) PATH '$.password',
    has_password       INT EXISTS PATH '$.password',
    email              VARCHAR(120) PATH '$.email',
    has_email          INT EXISTS PATH '$.email',
    phone              VARCHAR(40) PATH '$.phone',
    has_phone          INT EXISTS PATH '$.phone',
    address            VARCHAR(255) PATH '$.address',
    has_address        INT EXISTS PATH '$.address',
    role               VARCHAR(20) PATH '$.role',
    has_role           INT EXISTS PATH '$.role',
    status             BOOLEAN PATH '$.status',
    has_status         INT EXISTS PATH '$.status'
  )
) AS given ON given.id = user.id
SET
  user.identification = IF(given.has_identification, given.identification, user.identification),
  user.fullname = IF(given.has_fullname, given.fullname, user.fullname),
  user.password = IF(given.has_password, given.password, user.password),
  user.email = IF(given.has_email, given.email, user.email),
  user.phone = IF(given.has_phone, given.phone, user.phone),
  user.address = IF(given.has_address, given.address, user.address),
  user.role = IF(given.has_role, given.role, user.role),
  user.status = IF(given.has_status, given.status, user.status);
