-- The password hash of one user.
-- By user.PRIMARY.
SELECT password
FROM user
WHERE id = %(id)s;
