-- Forgets the attempts of an account.
DELETE FROM login_attempt
WHERE subject = %(subject)s;
