-- Forgets the attempts of an account.
-- By login_attempt.PRIMARY.
DELETE FROM login_attempt
WHERE subject = %(subject)s;
