-- Who some users are now, with the hashes of their passwords; no row for one who was deleted. By the primary key.
SELECT id, role, status, password
FROM user
WHERE id IN %(ids)s
ORDER BY id;
