-- How many diagnoses there are and when they last changed: what the ledger's row must say.
-- Reads the smallest index whole, and one end of ix_animal_diseases_updated_at.
SELECT COUNT(*) AS total_count, MAX(updated_at) AS last_modified
FROM animal_diseases;
