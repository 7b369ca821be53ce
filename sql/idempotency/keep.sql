-- Keeps the answer to the write, in its own transaction.
-- By idempotency.PRIMARY.
UPDATE idempotency
SET status = %(status)s, location = %(location)s, body = %(body)s
WHERE claim = %(claim)s;
