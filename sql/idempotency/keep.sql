-- Keeps the answer to the write, in its own transaction.
UPDATE idempotency
SET status = %(status)s, location = %(location)s, body = %(body)s
WHERE claim = %(claim)s;
