-- The six tables of the farm. A table that is there already is left as it is.
-- transactional: false

CREATE TABLE IF NOT EXISTS user (
  id             BIGINT       NOT NULL AUTO_INCREMENT,
  identification BIGINT       NOT NULL,
  fullname       VARCHAR(120) NOT NULL,
  password       VARCHAR(255) NOT NULL,
  email          VARCHAR(120) NOT NULL,
  phone          VARCHAR(40)  NOT NULL,
  address        VARCHAR(255) NULL,
  role           ENUM('Aprendiz', 'Instructor', 'Administrador') NOT NULL,
  status         BOOLEAN      NOT NULL DEFAULT TRUE,
  created_at     DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  updated_at     DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (id),
  UNIQUE KEY uq_user_identification (identification),
  UNIQUE KEY uq_user_email (email),
  UNIQUE KEY uq_user_phone (phone),
  KEY ix_user_fullname (fullname)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE IF NOT EXISTS species (
  id         BIGINT       NOT NULL AUTO_INCREMENT,
  name       VARCHAR(255) NOT NULL,
  created_at DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  updated_at DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (id),
  UNIQUE KEY uq_species_name (name)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE IF NOT EXISTS breeds (
  id         BIGINT       NOT NULL AUTO_INCREMENT,
  name       VARCHAR(255) NOT NULL,
  species_id BIGINT       NOT NULL,
  created_at DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  updated_at DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (id),
  UNIQUE KEY uq_breeds_species_id_name (species_id, name),
  KEY ix_breeds_name (name),
  CONSTRAINT fk_breeds_species_id FOREIGN KEY (species_id) REFERENCES species (id) ON DELETE RESTRICT ON UPDATE RESTRICT
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE IF NOT EXISTS animals (
  id         BIGINT       NOT NULL AUTO_INCREMENT,
  record     VARCHAR(255) NOT NULL,
  sex        ENUM('Hembra', 'Macho') NOT NULL,
  birth_date DATE         NOT NULL,
  weight     INT          NOT NULL,
  status     ENUM('Vivo', 'Vendido', 'Muerto') NOT NULL DEFAULT 'Vivo',
  breeds_id  BIGINT       NOT NULL,
  idFather   BIGINT       NULL,
  idMother   BIGINT       NULL,
  created_at DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  updated_at DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (id),
  UNIQUE KEY uq_animals_record (record),
  KEY ix_animals_breeds_id (breeds_id),
  KEY ix_animals_breeds_id_status (breeds_id, status),
  KEY ix_animals_birth_date (birth_date),
  KEY ix_animals_weight (weight),
  KEY ix_animals_idFather (idFather),
  KEY ix_animals_idMother (idMother),
  CONSTRAINT fk_animals_breeds_id FOREIGN KEY (breeds_id) REFERENCES breeds (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
  CONSTRAINT fk_animals_idFather FOREIGN KEY (idFather) REFERENCES animals (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
  CONSTRAINT fk_animals_idMother FOREIGN KEY (idMother) REFERENCES animals (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
  CONSTRAINT ck_animals_weight CHECK (weight > 0),
  CONSTRAINT ck_animals_idFather CHECK (idFather <> idMother)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE IF NOT EXISTS diseases (
  id         BIGINT       NOT NULL AUTO_INCREMENT,
  name       VARCHAR(100) NOT NULL,
  symptoms   VARCHAR(255) NOT NULL,
  details    VARCHAR(255) NOT NULL,
  created_at DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  updated_at DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (id),
  UNIQUE KEY uq_diseases_name (name)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE IF NOT EXISTS animal_diseases (
  id             BIGINT      NOT NULL AUTO_INCREMENT,
  animal_id      BIGINT      NOT NULL,
  disease_id     BIGINT      NOT NULL,
  instructor_id  BIGINT      NOT NULL,
  diagnosis_date DATE        NOT NULL,
  status         VARCHAR(50) NOT NULL,
  notes          TEXT        NULL,
  created_at     DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  updated_at     DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (id),
  UNIQUE KEY uq_animal_diseases_animal_id_disease_id_diagnosis_date (animal_id, disease_id, diagnosis_date),
  KEY ix_animal_diseases_disease_id (disease_id),
  KEY ix_animal_diseases_instructor_id (instructor_id),
  KEY ix_animal_diseases_diagnosis_date (diagnosis_date),
  CONSTRAINT fk_animal_diseases_animal_id FOREIGN KEY (animal_id) REFERENCES animals (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
  CONSTRAINT fk_animal_diseases_disease_id FOREIGN KEY (disease_id) REFERENCES diseases (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
  CONSTRAINT fk_animal_diseases_instructor_id FOREIGN KEY (instructor_id) REFERENCES user (id) ON DELETE RESTRICT ON UPDATE RESTRICT
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;
