-- Takes back one attempt of an address.
UPDATE login_attempt
SET attempts = attempts - 1
WHERE subject = %(subject)s
  AND attempts > 1;
