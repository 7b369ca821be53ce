-- A row's created_at is the time of its insert by the ledger, so that whoever follows the changes can tell a new row from an
-- old one that changed. A created_at that the insert brings itself stays as it is: a default is the statement's NOW(6).
-- transactional: false

CREATE OR REPLACE TRIGGER user_before_insert BEFORE INSERT ON user FOR EACH ROW
BEGIN
  IF NOT @ledger_stands_aside <=> 'user' THEN
    SET NEW.updated_at = ledger_stamp('user');
    SET NEW.created_at = IF(NEW.created_at = NOW(6), NEW.updated_at, NEW.created_at);
  END IF;
END;

CREATE OR REPLACE TRIGGER species_before_insert BEFORE INSERT ON species FOR EACH ROW
BEGIN
  IF NOT @ledger_stands_aside <=> 'species' THEN
    SET NEW.updated_at = ledger_stamp('species');
    SET NEW.created_at = IF(NEW.created_at = NOW(6), NEW.updated_at, NEW.created_at);
  END IF;
END;

CREATE OR REPLACE TRIGGER breeds_before_insert BEFORE INSERT ON breeds FOR EACH ROW
BEGIN
  IF NOT @ledger_stands_aside <=> 'breeds' THEN
    SET NEW.updated_at = ledger_stamp('breeds');
    SET NEW.created_at = IF(NEW.created_at = NOW(6), NEW.updated_at, NEW.created_at);
  END IF;
END;

CREATE OR REPLACE TRIGGER animals_before_insert BEFORE INSERT ON animals FOR EACH ROW
BEGIN
  IF NOT @ledger_stands_aside <=> 'animals' THEN
    SET NEW.updated_at = ledger_stamp('animals');
    SET NEW.created_at = IF(NEW.created_at = NOW(6), NEW.updated_at, NEW.created_at);
  END IF;
END;

CREATE OR REPLACE TRIGGER diseases_before_insert BEFORE INSERT ON diseases FOR EACH ROW
BEGIN
  IF NOT @ledger_stands_aside <=> 'diseases' THEN
    SET NEW.updated_at = ledger_stamp('diseases');
    SET NEW.created_at = IF(NEW.created_at = NOW(6), NEW.updated_at, NEW.created_at);
  END IF;
END;

CREATE OR REPLACE TRIGGER animal_diseases_before_insert BEFORE INSERT ON animal_diseases FOR EACH ROW
BEGIN
  IF NOT @ledger_stands_aside <=> 'animal_diseases' THEN
    SET NEW.updated_at = ledger_stamp('animal_diseases');
    SET NEW.created_at = IF(NEW.created_at = NOW(6), NEW.updated_at, NEW.created_at);
  END IF;
END;
