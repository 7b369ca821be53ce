-- How many users there are of each role, active and not, how many were created from a day on, and the ledger's time.
-- By user whole, ledger.PRIMARY; people are few.
SELECT
  role,
  status,
  COUNT(*) AS users,
  SUM(created_at >= %(today)s) AS recent,
  (SELECT last_modified FROM ledger WHERE table_name = 'user') AS as_of,
  NOW(6) AS answered_at
FROM user
GROUP BY role, status
ORDER BY role, status;
