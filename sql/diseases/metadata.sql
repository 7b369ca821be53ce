-- How many diseases there are and when they last changed: what the ledger's row must say.
-- By diseases.ix_diseases_updated_at; the count reads it whole.
SELECT COUNT(*) AS total_count, MAX(updated_at) AS last_modified
FROM diseases;
