-- What changed in users after a time, in the order of change: rows as they are now, ids of those deleted.
-- By user.ix_user_updated_at, user.PRIMARY, ledger.PRIMARY, tombstone.PRIMARY; none is read further than the limit.
WITH changes AS (
  (
    SELECT updated_at AS changed_at, id, FALSE AS is_deleted
    FROM user
    WHERE updated_at > %(since)s
    ORDER BY updated_at
    LIMIT %(limit)s
  )
  UNION ALL
  (
    SELECT deleted_at, row_id, TRUE
    FROM tombstone
    WHERE table_name = 'user' AND deleted_at > %(since)s
    ORDER BY deleted_at
    LIMIT %(limit)s
  )
  ORDER BY changed_at
  LIMIT %(limit)s
)
SELECT
  COALESCE(ledger.last_modified, (SELECT MAX(updated_at) FROM user), '1970-01-01') AS as_of,
  NOW(6) AS answered_at,
  ledger.deltas_from AS deltas_from,
  page.size AS size,
  page.last_change AS last_change,
  page.data AS data,
  page.deleted AS deleted
FROM (
  SELECT
    COUNT(*) AS size,
    MAX(changes.changed_at) AS last_change,
    GROUP_CONCAT(
      IF(changes.is_deleted, NULL,
        CONCAT(
          IF(%(viewer)s IS NULL OR user.id = %(viewer)s,
            CONCAT(
              '{"id":', user.id,
              ',"identification":', user.identification,
              ',"fullname":', JSON_QUOTE(user.fullname),
              ',"email":', JSON_QUOTE(user.email),
              ',"phone":', JSON_QUOTE(user.phone),
              ',"address":', COALESCE(JSON_QUOTE(user.address), 'null'),
              ',"role":', JSON_QUOTE(user.role),
              ',"status":', IF(user.status, 'true', 'false'),
              ',"created_at":"', REPLACE(user.created_at, ' ', 'T'), 'Z"',
              ',"updated_at":"', REPLACE(user.updated_at, ' ', 'T'), 'Z"'
            ),
            CONCAT(
              '{"id":', user.id,
              ',"fullname":', JSON_QUOTE(user.fullname),
              ',"role":', JSON_QUOTE(user.role),
              ',"status":', IF(user.status, 'true', 'false')
            )
          ),
          '}'
        )
      )
      ORDER BY changes.changed_at
      SEPARATOR ',\n'
    ) AS data,
    GROUP_CONCAT(IF(changes.is_deleted AND user.id IS NULL, changes.id, NULL) ORDER BY changes.changed_at) AS deleted
  FROM changes
  LEFT JOIN user ON user.id = changes.id
) AS page
LEFT JOIN ledger ON ledger.table_name = 'user';
