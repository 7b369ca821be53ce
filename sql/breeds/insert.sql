-- One new row in breeds; gives its id.
INSERT INTO breeds (name, species_id)
VALUES (%(name)s, %(species_id)s)
RETURNING id;
