-- Who a user is now: role and whether active; no row for one who was deleted. By the primary key.
SELECT id, identification, fullname, email, role, status
FROM user
WHERE id = %(id)s;
