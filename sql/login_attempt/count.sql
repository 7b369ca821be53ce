-- Counts an attempt of an account or an address; gives how many there were since its count began, and in how many
-- seconds it begins anew. A count whose end is further away than it can be is from before the clock was set back.
-- By login_attempt.PRIMARY.
INSERT INTO login_attempt (subject, attempts, ends_at)
VALUES (%(subject)s, 1, NOW(6) + INTERVAL %(seconds)s SECOND)
ON DUPLICATE KEY UPDATE
  attempts = IF(ends_at BETWEEN NOW(6) AND NOW(6) + INTERVAL %(seconds)s SECOND, attempts + 1, 1),
  ends_at = IF(attempts = 1, NOW(6) + INTERVAL %(seconds)s SECOND, ends_at)
RETURNING attempts, CEIL(TIMESTAMPDIFF(MICROSECOND, NOW(6), ends_at) / 1000000) AS seconds_left;
