-- Which rows stand on one page of a table, each as its id and when it changed; behind each the ledger's time, the server's
-- and the count, NULL where the table has no ledger row.
-- By animals.ix_animals_updated_at, ledger.PRIMARY; another order or table by its own index, from the offset on.
SELECT
  CONCAT_WS('|', id, updated_at) AS version,
  (
    SELECT CONCAT_WS('|', last_modified, NOW(6), row_count)
    FROM ledger
    WHERE table_name = %(table_name)s
  ) AS known
FROM /* table: */ animals /* :table */
WHERE /* after: */ TRUE /* :after */
ORDER BY /* order: */ updated_at DESC, id DESC /* :order */
LIMIT %(limit)s OFFSET %(offset)s;
