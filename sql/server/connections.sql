-- The numbers of the connections that the server still holds for this account.
-- By no index; the server's own tables.
SELECT ID
FROM information_schema.PROCESSLIST
WHERE USER = SUBSTRING_INDEX(CURRENT_USER(), '@', 1);
