-- Which server and which database this is: processes that agree on it share one set of generations.
-- By no index.
SELECT CONCAT_WS('|', @@hostname, @@port, @@datadir, DATABASE()) AS identity;
