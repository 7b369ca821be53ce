-- transactional: false

DROP TABLE IF EXISTS idempotency;
