-- What changed in breeds after a time, in the order of change: rows as they are now, ids of those deleted.
-- By breeds.ix_breeds_updated_at, breeds.PRIMARY, ledger.PRIMARY, tombstone.PRIMARY; none is read further than the
-- limit.
WITH changes AS (
  (
    SELECT updated_at AS changed_at, id, FALSE AS is_deleted
    FROM breeds
    WHERE updated_at > %(since)s
    ORDER BY updated_at
    LIMIT %(limit)s
  )
  UNION ALL
  (
    SELECT deleted_at, row_id, TRUE
    FROM tombstone
    WHERE table_name = 'breeds' AND deleted_at > %(since)s
    ORDER BY deleted_at
    LIMIT %(limit)s
  )
  ORDER BY changed_at
  LIMIT %(limit)s
)
SELECT
  COALESCE(ledger.last_modified, (SELECT MAX(updated_at) FROM breeds), '1970-01-01') AS as_of,
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
          '{"id":', breeds.id,
          ',"name":', JSON_QUOTE(breeds.name),
          ',"species_id":', breeds.species_id,
          ',"created_at":"', REPLACE(breeds.created_at, ' ', 'T'), 'Z"',
          ',"updated_at":"', REPLACE(breeds.updated_at, ' ', 'T'), 'Z"',
          '}'
        )
      )
      ORDER BY changes.changed_at
      SEPARATOR ',\n'
    ) AS data,
    GROUP_CONCAT(IF(changes.is_deleted AND breeds.id IS NULL, changes.id, NULL) ORDER BY changes.changed_at) AS deleted
  FROM changes
  LEFT JOIN breeds ON breeds.id = changes.id
) AS page
LEFT JOIN ledger ON ledger.table_name = 'breeds';
