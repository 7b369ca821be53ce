-- Every table keeps its ledger row by itself: each change of a row, also one made by hand, is counted and stamped in
-- commit order, and each deletion leaves a tombstone. A statement that has stamped its rows itself, under the lock of the
-- ledger row, sets @ledger_stands_aside to the table's name while it runs.
-- transactional: false

-- user: rows from before the ledger get times of their own, in their old order; then the ledger row, then the triggers.
UPDATE user
JOIN (SELECT id, ROW_NUMBER() OVER (ORDER BY updated_at, id) AS place FROM user) AS ordered USING (id)
SET user.updated_at = user.updated_at + INTERVAL ordered.place MICROSECOND
WHERE NOT EXISTS (SELECT 1 FROM ledger WHERE table_name = 'user');
INSERT IGNORE INTO ledger (table_name, row_count, version, last_modified, deltas_from)
SELECT 'user', COUNT(*), 0, COALESCE(MAX(updated_at), NOW(6)), IF(COUNT(*) = 0, '1970-01-01', COALESCE(MAX(updated_at), NOW(6)))
FROM user;
CREATE OR REPLACE TRIGGER user_before_insert BEFORE INSERT ON user FOR EACH ROW
  SET NEW.updated_at = IF(@ledger_stands_aside = 'user', NEW.updated_at, ledger_stamp('user'));
CREATE OR REPLACE TRIGGER user_after_insert AFTER INSERT ON user FOR EACH ROW
  UPDATE ledger SET row_count = row_count + 1
  WHERE table_name = 'user' AND NOT @ledger_stands_aside <=> 'user';
CREATE OR REPLACE TRIGGER user_before_update BEFORE UPDATE ON user FOR EACH ROW
  SET NEW.updated_at = IF(@ledger_stands_aside = 'user', NEW.updated_at, ledger_stamp('user'));
CREATE OR REPLACE TRIGGER user_after_delete AFTER DELETE ON user FOR EACH ROW
BEGIN
  INSERT INTO tombstone (table_name, deleted_at, row_id) VALUES ('user', ledger_stamp('user'), OLD.id);
  UPDATE ledger SET row_count = row_count - 1 WHERE table_name = 'user';
END;

-- species: rows from before the ledger get times of their own, in their old order; then the ledger row, then the triggers.
UPDATE species
JOIN (SELECT id, ROW_NUMBER() OVER (ORDER BY updated_at, id) AS place FROM species) AS ordered USING (id)
SET species.updated_at = species.updated_at + INTERVAL ordered.place MICROSECOND
WHERE NOT EXISTS (SELECT 1 FROM ledger WHERE table_name = 'species');
INSERT IGNORE INTO ledger (table_name, row_count, version, last_modified, deltas_from)
SELECT 'species', COUNT(*), 0, COALESCE(MAX(updated_at), NOW(6)), IF(COUNT(*) = 0, '1970-01-01', COALESCE(MAX(updated_at), NOW(6)))
FROM species;
CREATE OR REPLACE TRIGGER species_before_insert BEFORE INSERT ON species FOR EACH ROW
  SET NEW.updated_at = IF(@ledger_stands_aside = 'species', NEW.updated_at, ledger_stamp('species'));
CREATE OR REPLACE TRIGGER species_after_insert AFTER INSERT ON species FOR EACH ROW
  UPDATE ledger SET row_count = row_count + 1
  WHERE table_name = 'species' AND NOT @ledger_stands_aside <=> 'species';
CREATE OR REPLACE TRIGGER species_before_update BEFORE UPDATE ON species FOR EACH ROW
  SET NEW.updated_at = IF(@ledger_stands_aside = 'species', NEW.updated_at, ledger_stamp('species'));
CREATE OR REPLACE TRIGGER species_after_delete AFTER DELETE ON species FOR EACH ROW
BEGIN
  INSERT INTO tombstone (table_name, deleted_at, row_id) VALUES ('species', ledger_stamp('species'), OLD.id);
  UPDATE ledger SET row_count = row_count - 1 WHERE table_name = 'species';
END;

-- breeds: rows from before the ledger get times of their own, in their old order; then the ledger row, then the triggers.
UPDATE breeds
JOIN (SELECT id, ROW_NUMBER() OVER (ORDER BY updated_at, id) AS place FROM breeds) AS ordered USING (id)
SET breeds.updated_at = breeds.updated_at + INTERVAL ordered.place MICROSECOND
WHERE NOT EXISTS (SELECT 1 FROM ledger WHERE table_name = 'breeds');
INSERT IGNORE INTO ledger (table_name, row_count, version, last_modified, deltas_from)
SELECT 'breeds', COUNT(*), 0, COALESCE(MAX(updated_at), NOW(6)), IF(COUNT(*) = 0, '1970-01-01', COALESCE(MAX(updated_at), NOW(6)))
FROM breeds;
CREATE OR REPLACE TRIGGER breeds_before_insert BEFORE INSERT ON breeds FOR EACH ROW
  SET NEW.updated_at = IF(@ledger_stands_aside = 'breeds', NEW.updated_at, ledger_stamp('breeds'));
CREATE OR REPLACE TRIGGER breeds_after_insert AFTER INSERT ON breeds FOR EACH ROW
  UPDATE ledger SET row_count = row_count + 1
  WHERE table_name = 'breeds' AND NOT @ledger_stands_aside <=> 'breeds';
CREATE OR REPLACE TRIGGER breeds_before_update BEFORE UPDATE ON breeds FOR EACH ROW
  SET NEW.updated_at = IF(@ledger_stands_aside = 'breeds', NEW.updated_at, ledger_stamp('breeds'));
CREATE OR REPLACE TRIGGER breeds_after_delete AFTER DELETE ON breeds FOR EACH ROW
BEGIN
  INSERT INTO tombstone (table_name, deleted_at, row_id) VALUES ('breeds', ledger_stamp('breeds'), OLD.id);
  UPDATE ledger SET row_count = row_count - 1 WHERE table_name = 'breeds';
END;

-- animals: rows from before the ledger get times of their own, in their old order; then the ledger row, then the triggers.
UPDATE animals
JOIN (SELECT id, ROW_NUMBER() OVER (ORDER BY updated_at, id) AS place FROM animals) AS ordered USING (id)
SET animals.updated_at = animals.updated_at + INTERVAL ordered.place MICROSECOND
WHERE NOT EXISTS (SELECT 1 FROM ledger WHERE table_name = 'animals');
INSERT IGNORE INTO ledger (table_name, row_count, version, last_modified, deltas_from)
SELECT 'animals', COUNT(*), 0, COALESCE(MAX(updated_at), NOW(6)), IF(COUNT(*) = 0, '1970-01-01', COALESCE(MAX(updated_at), NOW(6)))
FROM animals;
CREATE OR REPLACE TRIGGER animals_before_insert BEFORE INSERT ON animals FOR EACH ROW
  SET NEW.updated_at = IF(@ledger_stands_aside = 'animals', NEW.updated_at, ledger_stamp('animals'));
CREATE OR REPLACE TRIGGER animals_after_insert AFTER INSERT ON animals FOR EACH ROW
  UPDATE ledger SET row_count = row_count + 1
  WHERE table_name = 'animals' AND NOT @ledger_stands_aside <=> 'animals';
CREATE OR REPLACE TRIGGER animals_before_update BEFORE UPDATE ON animals FOR EACH ROW
  SET NEW.updated_at = IF(@ledger_stands_aside = 'animals', NEW.updated_at, ledger_stamp('animals'));
CREATE OR REPLACE TRIGGER animals_after_delete AFTER DELETE ON animals FOR EACH ROW
BEGIN
  INSERT INTO tombstone (table_name, deleted_at, row_id) VALUES ('animals', ledger_stamp('animals'), OLD.id);
  UPDATE ledger SET row_count = row_count - 1 WHERE table_name = 'animals';
END;

-- diseases: rows from before the ledger get times of their own, in their old order; then the ledger row, then the triggers.
UPDATE diseases
JOIN (SELECT id, ROW_NUMBER() OVER (ORDER BY updated_at, id) AS place FROM diseases) AS ordered USING (id)
SET diseases.updated_at = diseases.updated_at + INTERVAL ordered.place MICROSECOND
WHERE NOT EXISTS (SELECT 1 FROM ledger WHERE table_name = 'diseases');
INSERT IGNORE INTO ledger (table_name, row_count, version, last_modified, deltas_from)
SELECT 'diseases', COUNT(*), 0, COALESCE(MAX(updated_at), NOW(6)), IF(COUNT(*) = 0, '1970-01-01', COALESCE(MAX(updated_at), NOW(6)))
FROM diseases;
CREATE OR REPLACE TRIGGER diseases_before_insert BEFORE INSERT ON diseases FOR EACH ROW
  SET NEW.updated_at = IF(@ledger_stands_aside = 'diseases', NEW.updated_at, ledger_stamp('diseases'));
CREATE OR REPLACE TRIGGER diseases_after_insert AFTER INSERT ON diseases FOR EACH ROW
  UPDATE ledger SET row_count = row_count + 1
  WHERE table_name = 'diseases' AND NOT @ledger_stands_aside <=> 'diseases';
CREATE OR REPLACE TRIGGER diseases_before_update BEFORE UPDATE ON diseases FOR EACH ROW
  SET NEW.updated_at = IF(@ledger_stands_aside = 'diseases', NEW.updated_at, ledger_stamp('diseases'));
CREATE OR REPLACE TRIGGER diseases_after_delete AFTER DELETE ON diseases FOR EACH ROW
BEGIN
  INSERT INTO tombstone (table_name, deleted_at, row_id) VALUES ('diseases', ledger_stamp('diseases'), OLD.id);
  UPDATE ledger SET row_count = row_count - 1 WHERE table_name = 'diseases';
END;

-- animal_diseases: rows from before the ledger get times of their own, in their old order; then the ledger row, then the triggers.
UPDATE animal_diseases
JOIN (SELECT id, ROW_NUMBER() OVER (ORDER BY updated_at, id) AS place FROM animal_diseases) AS ordered USING (id)
SET animal_diseases.updated_at = animal_diseases.updated_at + INTERVAL ordered.place MICROSECOND
WHERE NOT EXISTS (SELECT 1 FROM ledger WHERE table_name = 'animal_diseases');
INSERT IGNORE INTO ledger (table_name, row_count, version, last_modified, deltas_from)
SELECT 'animal_diseases', COUNT(*), 0, COALESCE(MAX(updated_at), NOW(6)), IF(COUNT(*) = 0, '1970-01-01', COALESCE(MAX(updated_at), NOW(6)))
FROM animal_diseases;
CREATE OR REPLACE TRIGGER animal_diseases_before_insert BEFORE INSERT ON animal_diseases FOR EACH ROW
  SET NEW.updated_at = IF(@ledger_stands_aside = 'animal_diseases', NEW.updated_at, ledger_stamp('animal_diseases'));
CREATE OR REPLACE TRIGGER animal_diseases_after_insert AFTER INSERT ON animal_diseases FOR EACH ROW
  UPDATE ledger SET row_count = row_count + 1
  WHERE table_name = 'animal_diseases' AND NOT @ledger_stands_aside <=> 'animal_diseases';
CREATE OR REPLACE TRIGGER animal_diseases_before_update BEFORE UPDATE ON animal_diseases FOR EACH ROW
  SET NEW.updated_at = IF(@ledger_stands_aside = 'animal_diseases', NEW.updated_at, ledger_stamp('animal_diseases'));
CREATE OR REPLACE TRIGGER animal_diseases_after_delete AFTER DELETE ON animal_diseases FOR EACH ROW
BEGIN
  INSERT INTO tombstone (table_name, deleted_at, row_id) VALUES ('animal_diseases', ledger_stamp('animal_diseases'), OLD.id);
  UPDATE ledger SET row_count = row_count - 1 WHERE table_name = 'animal_diseases';
END;
