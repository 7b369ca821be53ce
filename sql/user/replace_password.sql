-- Sets the password hash of one user, if it is still the given one; its trigger stamps the row.
-- By user.PRIMARY.
UPDATE user
SET password = %(password)s
WHERE id = %(id)s
  AND password = BINARY %(replaced)s;
