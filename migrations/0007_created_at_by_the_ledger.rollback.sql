-- transactional: false

CREATE OR REPLACE TRIGGER user_before_insert BEFORE INSERT ON user FOR EACH ROW
  SET NEW.updated_at = IF(@ledger_stands_aside = 'user', NEW.updated_at, ledger_stamp('user'));

CREATE OR REPLACE TRIGGER species_before_insert BEFORE INSERT ON species FOR EACH ROW
  SET NEW.updated_at = IF(@ledger_stands_aside = 'species', NEW.updated_at, ledger_stamp('species'));

CREATE OR REPLACE TRIGGER breeds_before_insert BEFORE INSERT ON breeds FOR EACH ROW
  SET NEW.updated_at = IF(@ledger_stands_aside = 'breeds', NEW.updated_at, ledger_stamp('breeds'));

CREATE OR REPLACE TRIGGER animals_before_insert BEFORE INSERT ON animals FOR EACH ROW
  SET NEW.updated_at = IF(@ledger_stands_aside = 'animals', NEW.updated_at, ledger_stamp('animals'));

CREATE OR REPLACE TRIGGER diseases_before_insert BEFORE INSERT ON diseases FOR EACH ROW
  SET NEW.updated_at = IF(@ledger_stands_aside = 'diseases', NEW.updated_at, ledger_stamp('diseases'));

CREATE OR REPLACE TRIGGER animal_diseases_before_insert BEFORE INSERT ON animal_diseases FOR EACH ROW
  SET NEW.updated_at = IF(@ledger_stands_aside = 'animal_diseases', NEW.updated_at, ledger_stamp('animal_diseases'));
