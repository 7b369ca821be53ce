-- Forgets a few of the counts that have ended.
DELETE FROM login_attempt
WHERE ends_at < NOW(6)
ORDER BY ends_at
LIMIT 20;
