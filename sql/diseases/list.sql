-- One page of diseases as JSON rows, how many match, and the ledger's time of both.
-- By diseases.ix_diseases_updated_at, diseases.PRIMARY, ledger.PRIMARY; another order or filter by its own index.
WITH matching AS (
  SELECT *
  FROM diseases
  WHERE TRUE
    AND created_at IN %(created_at)s       -- if given
    AND created_at >= %(created_at__gte)s  -- if given
    AND created_at > %(created_at__gt)s    -- if given
    AND created_at <= %(created_at__lte)s  -- if given
    AND created_at < %(created_at__lt)s    -- if given
    AND updated_at IN %(updated_at)s       -- if given
    AND updated_at >= %(updated_at__gte)s  -- if given
    AND updated_at > %(updated_at__gt)s    -- if given
    AND updated_at <= %(updated_at__lte)s  -- if given
    AND updated_at < %(updated_at__lt)s    -- if given
    AND (CONCAT_WS('\n', name, symptoms, details) LIKE %(search)s OR id = %(search_number)s OR created_at LIKE %(search_day)s)  -- if given
)
SELECT
  COALESCE(ledger.last_modified, (SELECT MAX(updated_at) FROM diseases), '1970-01-01') AS as_of,
  NOW(6) AS answered_at,
  CASE %(total_from)s
    WHEN 'ledger' THEN COALESCE(ledger.row_count, (SELECT COUNT(*) FROM diseases))
    WHEN 'count' THEN (SELECT COUNT(*) FROM matching)
  END AS total_items,
  (
    SELECT GROUP_CONCAT(
      CONCAT(
        '{"id":', id,
        ',"name":', JSON_QUOTE(name),
        ',"symptoms":', JSON_QUOTE(symptoms),
        ',"details":', JSON_QUOTE(details),
        ',"created_at":"', REPLACE(created_at, ' ', 'T'), 'Z"',
        ',"updated_at":"', REPLACE(updated_at, ' ', 'T'), 'Z"',
        /* relations: */ /* :relations */
        '}'
      )
      ORDER BY /* order: */ updated_at DESC, id DESC /* :order */
      SEPARATOR ',\n'
    )
    FROM (
      SELECT id
      FROM matching
      WHERE /* after: */ TRUE /* :after */
      ORDER BY /* order: */ updated_at DESC, id DESC /* :order */
      LIMIT %(limit)s OFFSET %(offset)s
    ) AS page
    JOIN diseases USING (id)
  ) AS data
FROM (SELECT 'diseases' AS table_name) AS asked
LEFT JOIN ledger ON ledger.table_name = 'diseases';
