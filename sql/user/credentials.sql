-- The password hash to check at login, by identification or email.
-- By user.uq_user_identification, user.uq_user_email.
SELECT id, password, status
FROM user
WHERE identification = %(identification)s
UNION
SELECT id, password, status
FROM user
WHERE email = %(email)s
LIMIT 1;
