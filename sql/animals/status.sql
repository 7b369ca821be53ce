-- How many animals there are, how many of them live on the farm, and the ledger's time.
-- By animals.ix_animals_breeds_id_status, ledger.PRIMARY.
SELECT
  COUNT(*) AS total,
  COALESCE(SUM(status = 'Vivo'), 0) AS activos,
  (SELECT last_modified FROM ledger WHERE table_name = 'animals') AS as_of,
  NOW(6) AS answered_at
FROM animals;
