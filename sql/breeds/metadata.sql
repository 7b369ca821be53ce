-- How many breeds there are and when they last changed: what the ledger's row must say.
-- Reads the smallest index whole, and one end of ix_breeds_updated_at.
SELECT COUNT(*) AS total_count, MAX(updated_at) AS last_modified
FROM breeds;
