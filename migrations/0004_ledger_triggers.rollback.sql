-- transactional: false

DROP TRIGGER IF EXISTS user_before_insert;
DROP TRIGGER IF EXISTS user_after_insert;
DROP TRIGGER IF EXISTS user_before_update;
DROP TRIGGER IF EXISTS user_after_delete;
DELETE FROM ledger WHERE table_name = 'user';
DELETE FROM tombstone WHERE table_name = 'user';

DROP TRIGGER IF EXISTS species_before_insert;
DROP TRIGGER IF EXISTS species_after_insert;
DROP TRIGGER IF EXISTS species_before_update;
DROP TRIGGER IF EXISTS species_after_delete;
DELETE FROM ledger WHERE table_name = 'species';
DELETE FROM tombstone WHERE table_name = 'species';

DROP TRIGGER IF EXISTS breeds_before_insert;
DROP TRIGGER IF EXISTS breeds_after_insert;
DROP TRIGGER IF EXISTS breeds_before_update;
DROP TRIGGER IF EXISTS breeds_after_delete;
DELETE FROM ledger WHERE table_name = 'breeds';
DELETE FROM tombstone WHERE table_name = 'breeds';

DROP TRIGGER IF EXISTS animals_before_insert;
DROP TRIGGER IF EXISTS animals_after_insert;
DROP TRIGGER IF EXISTS animals_before_update;
DROP TRIGGER IF EXISTS animals_after_delete;
DELETE FROM ledger WHERE table_name = 'animals';
DELETE FROM tombstone WHERE table_name = 'animals';

DROP TRIGGER IF EXISTS diseases_before_insert;
DROP TRIGGER IF EXISTS diseases_after_insert;
DROP TRIGGER IF EXISTS diseases_before_update;
DROP TRIGGER IF EXISTS diseases_after_delete;
DELETE FROM ledger WHERE table_name = 'diseases';
DELETE FROM tombstone WHERE table_name = 'diseases';

DROP TRIGGER IF EXISTS animal_diseases_before_insert;
DROP TRIGGER IF EXISTS animal_diseases_after_insert;
DROP TRIGGER IF EXISTS animal_diseases_before_update;
DROP TRIGGER IF EXISTS animal_diseases_after_delete;
DELETE FROM ledger WHERE table_name = 'animal_diseases';
DELETE FROM tombstone WHERE table_name = 'animal_diseases';
