-- How many species there are and when they last changed: what the ledger's row must say.
-- By species.ix_species_updated_at; the count reads it whole.
SELECT COUNT(*) AS total_count, MAX(updated_at) AS last_modified
FROM species;
