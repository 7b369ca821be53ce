-- One new row in animals; gives its id, or what get.sql gives of it.
-- By animals.PRIMARY.
INSERT INTO animals (record, sex, birth_date, weight, status, breeds_id, idFather, idMother)
VALUES (%(record)s, %(sex)s, %(birth_date)s, %(weight)s, %(status)s, %(breeds_id)s, %(idFather)s, %(idMother)s)
RETURNING /* returning: */ id /* :returning */;
