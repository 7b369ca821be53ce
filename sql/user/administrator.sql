-- An active Administrador, for who must ask the service as one from beside it.
-- By user.PRIMARY; few rows are passed over.
SELECT id, identification, fullname, role, password
FROM user
WHERE role = 'Administrador' AND status
ORDER BY id
LIMIT 1;
