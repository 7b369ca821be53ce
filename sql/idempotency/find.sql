-- The answer that was given to a key, and what it was asked for with.
-- By idempotency.PRIMARY.
SELECT request, status, location, body
FROM idempotency
WHERE claim = %(claim)s;
