-- Who the user of a token is now, with the hash of their password, and whether the token's session was revoked; no row
-- for a user who was deleted.
-- By user.PRIMARY, revoked_session.PRIMARY.
SELECT
  id,
  identification,
  fullname,
  email,
  role,
  status,
  password,
  EXISTS (
    SELECT 1
    FROM revoked_session
    WHERE session_id = %(session_id)s
  ) AS is_revoked
FROM user
WHERE id = %(id)s;
