-- transactional: false

DROP TABLE IF EXISTS load_progress;
