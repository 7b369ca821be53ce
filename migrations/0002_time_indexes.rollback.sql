-- transactional: false

DROP INDEX IF EXISTS ix_user_updated_at ON user;
DROP INDEX IF EXISTS ix_user_created_at ON user;
DROP INDEX IF EXISTS ix_species_updated_at ON species;
DROP INDEX IF EXISTS ix_species_created_at ON species;
DROP INDEX IF EXISTS ix_breeds_updated_at ON breeds;
DROP INDEX IF EXISTS ix_breeds_created_at ON breeds;
DROP INDEX IF EXISTS ix_animals_updated_at ON animals;
DROP INDEX IF EXISTS ix_animals_created_at ON animals;
DROP INDEX IF EXISTS ix_diseases_updated_at ON diseases;
DROP INDEX IF EXISTS ix_diseases_created_at ON diseases;
DROP INDEX IF EXISTS ix_animal_diseases_updated_at ON animal_diseases;
DROP INDEX IF EXISTS ix_animal_diseases_created_at ON animal_diseases;
