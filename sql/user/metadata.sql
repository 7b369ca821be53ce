-- How many users there are and when they last changed: what the ledger's row must say.
-- By user.ix_user_updated_at; the count reads it whole.
SELECT COUNT(*) AS total_count, MAX(updated_at) AS last_modified
FROM user;
