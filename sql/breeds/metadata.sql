-- How many breeds there are and when they last changed: what the ledger's row must say.
-- By breeds.ix_breeds_updated_at; the count reads it whole.
SELECT COUNT(*) AS total_count, MAX(updated_at) AS last_modified
FROM breeds;
