-- The password hash of one user. By the primary key.
SELECT password
FROM user
WHERE id = %(id)s;
