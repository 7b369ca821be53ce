-- One new row in animal_diseases; gives its id, or what get.sql gives of it.
-- By animal_diseases.PRIMARY.
INSERT INTO animal_diseases (animal_id, disease_id, instructor_id, diagnosis_date, status, notes)
VALUES (%(animal_id)s, %(disease_id)s, %(instructor_id)s, %(diagnosis_date)s, %(status)s, %(notes)s)
RETURNING /* returning: */ id /* :returning */;
