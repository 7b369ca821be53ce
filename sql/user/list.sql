-- One page of users as JSON rows, how many match, and the ledger's time of both.
-- By user.ix_user_updated_at, user.PRIMARY, ledger.PRIMARY; another order or filter by its own index.
WITH matching AS (
  SELECT *
  FROM user
  WHERE TRUE
    AND role IN %(role)s                   -- if given
    AND role NOT IN %(role__ne)s           -- if given
    AND status IN %(status)s               -- if given
    AND status NOT IN %(status__ne)s       -- if given
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
    AND IF(%(viewer)s IS NULL OR id = %(viewer)s, CONCAT_WS('\n', fullname, email, phone, address, role, identification), CONCAT_WS('\n', fullname, role)) LIKE %(search)s  -- if given
)
SELECT
  COALESCE(ledger.last_modified, (SELECT MAX(updated_at) FROM user), '1970-01-01') AS as_of,
  NOW(6) AS answered_at,
  CASE %(total_from)s
    WHEN 'ledger' THEN COALESCE(ledger.row_count, (SELECT COUNT(*) FROM user))
    WHEN 'count' THEN (SELECT COUNT(*) FROM matching)
  END AS total_items,
  (
    SELECT GROUP_CONCAT(
      CONCAT(
        IF(%(viewer)s IS NULL OR id = %(viewer)s,
          CONCAT(
            '{"id":', id,
            ',"identification":', identification,
            ',"fullname":', JSON_QUOTE(fullname),
            ',"email":', JSON_QUOTE(email),
            ',"phone":', JSON_QUOTE(phone),
            ',"address":', COALESCE(JSON_QUOTE(address), 'null'),
            ',"role":', JSON_QUOTE(role),
            ',"status":', IF(status, 'true', 'false'),
            ',"created_at":"', REPLACE(created_at, ' ', 'T'), 'Z"',
            ',"updated_at":"', REPLACE(updated_at, ' ', 'T'), 'Z"'
          ),
          CONCAT(
            '{"id":', id,
            ',"fullname":', JSON_QUOTE(fullname),
            ',"role":', JSON_QUOTE(role),
            ',"status":', IF(status, 'true', 'false')
          )
        ),
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
    JOIN user USING (id)
  ) AS data
FROM (SELECT 'user' AS table_name) AS asked
LEFT JOIN ledger ON ledger.table_name = 'user';
