-- One new row in species; gives its id, or what get.sql gives of it.
-- By species.PRIMARY.
INSERT INTO species (name)
VALUES (%(name)s)
RETURNING /* returning: */ id /* :returning */;
