-- Forgets a few of the answers that are more than a day old.
-- By idempotency.ix_idempotency_claimed_at.
DELETE FROM idempotency
WHERE claimed_at < NOW(6) - INTERVAL 24 HOUR
ORDER BY claimed_at
LIMIT 20;
