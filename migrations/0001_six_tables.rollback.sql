-- transactional: false

DROP TABLE IF EXISTS animal_diseases;
DROP TABLE IF EXISTS diseases;
DROP TABLE IF EXISTS animals;
DROP TABLE IF EXISTS breeds;
DROP TABLE IF EXISTS species;
DROP TABLE IF EXISTS user;
