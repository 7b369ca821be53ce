-- One new row in diseases; gives its id.
INSERT INTO diseases (name, symptoms, details)
VALUES (%(name)s, %(symptoms)s, %(details)s)
RETURNING id;
