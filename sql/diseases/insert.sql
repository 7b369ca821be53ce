-- One new row in diseases; gives its id, or what get.sql gives of it.
-- By diseases.PRIMARY.
INSERT INTO diseases (name, symptoms, details)
VALUES (%(name)s, %(symptoms)s, %(details)s)
RETURNING /* returning: */ id /* :returning */;
