-- One new row in species; gives its id.
INSERT INTO species (name)
VALUES (%(name)s)
RETURNING id;
