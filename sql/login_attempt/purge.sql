-- Forgets a few of the counts that have ended.
-- By login_attempt.ix_login_attempt_ends_at.
DELETE FROM login_attempt
WHERE ends_at < NOW(6)
ORDER BY ends_at
LIMIT 20;
