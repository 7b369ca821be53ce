-- Claims a key for a write that begins; waits for another one with the same key to end, and fails where it has an
-- answer.
-- By idempotency.PRIMARY.
INSERT INTO idempotency (claim, request)
VALUES (%(claim)s, %(request)s);
