-- The users with the given ids as JSON rows, and when each last changed.
-- By user.PRIMARY.
SELECT
  /* row: */
  id,
  updated_at,
  NOW(6) AS answered_at,
  CONCAT(
    IF(%(viewer)s IS NULL OR id = %(viewer)s,
      CONCAT(
        '{"id":', id,
        ',"identification":', identification,
        ',"fullname":', JSON_QUOTE(fullname),
        ',"email":', JSON_QUOTE(email),
        ',"phone":', JSON_QUOTE(phone),
        ',"address":', COALESCE(JSON_QUOTE(address), 'null'),
        ',"role":', JSON_QUOTE(role),
        ',"status":', IF(status, 'true', 'false'),
        ',"created_at":"', REPLACE(created_at, ' ', 'T'), 'Z"',
        ',"updated_at":"', REPLACE(updated_at, ' ', 'T'), 'Z"'
      ),
      CONCAT(
        '{"id":', id,
        ',"fullname":', JSON_QUOTE(fullname),
        ',"role":', JSON_QUOTE(role),
        ',"status":', IF(status, 'true', 'false')
      )
    ),
    '}'
  ) AS data
  /* :row */
FROM user
WHERE id IN %(ids)s
ORDER BY id;
