-- The indexes behind lists, deltas and metadata, and times of full precision: also for a table that was there before.
-- transactional: false

ALTER TABLE user
  MODIFY created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  MODIFY updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6);
CREATE INDEX IF NOT EXISTS ix_user_updated_at ON user (updated_at);
CREATE INDEX IF NOT EXISTS ix_user_created_at ON user (created_at);

ALTER TABLE species
  MODIFY created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  MODIFY updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6);
CREATE INDEX IF NOT EXISTS ix_species_updated_at ON species (updated_at);
CREATE INDEX IF NOT EXISTS ix_species_created_at ON species (created_at);

ALTER TABLE breeds
  MODIFY created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  MODIFY updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6);
CREATE INDEX IF NOT EXISTS ix_breeds_updated_at ON breeds (updated_at);
CREATE INDEX IF NOT EXISTS ix_breeds_created_at ON breeds (created_at);

ALTER TABLE animals
  MODIFY created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  MODIFY updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6);
CREATE INDEX IF NOT EXISTS ix_animals_updated_at ON animals (updated_at);
CREATE INDEX IF NOT EXISTS ix_animals_created_at ON animals (created_at);

ALTER TABLE diseases
  MODIFY created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  MODIFY updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6);
CREATE INDEX IF NOT EXISTS ix_diseases_updated_at ON diseases (updated_at);
CREATE INDEX IF NOT EXISTS ix_diseases_created_at ON diseases (created_at);

ALTER TABLE animal_diseases
  MODIFY created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  MODIFY updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6);
CREATE INDEX IF NOT EXISTS ix_animal_diseases_updated_at ON animal_diseases (updated_at);
CREATE INDEX IF NOT EXISTS ix_animal_diseases_created_at ON animal_diseases (created_at);
