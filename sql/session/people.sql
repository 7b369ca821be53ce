-- Who some users are now, with the hashes of their passwords; no row for one who was deleted.
-- By user.PRIMARY.
SELECT id, role, status, password
FROM user
WHERE id IN %(ids)s
ORDER BY id;
