-- Takes back one attempt of an address.
-- By login_attempt.PRIMARY.
UPDATE login_attempt
SET attempts = attempts - 1
WHERE subject = %(subject)s
  AND attempts > 1;
