-- One new row in breeds; gives its id, or what get.sql gives of it.
-- By breeds.PRIMARY.
INSERT INTO breeds (name, species_id)
VALUES (%(name)s, %(species_id)s)
RETURNING /* returning: */ id /* :returning */;
