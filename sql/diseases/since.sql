-- What changed in diseases after a time, in the order of change: rows as they are now, ids of those deleted.
-- By diseases.ix_diseases_updated_at, diseases.PRIMARY, ledger.PRIMARY, tombstone.PRIMARY; none is read further than
-- the limit.
WITH changes AS (
  (
    SELECT updated_at AS changed_at, id, FALSE AS is_deleted
    FROM diseases
    WHERE updated_at > %(since)s
    ORDER BY updated_at
    LIMIT %(limit)s
  )
  UNION ALL
  (
    SELECT deleted_at, row_id, TRUE
    FROM tombstone
    WHERE table_name = 'diseases' AND deleted_at > %(since)s
    ORDER BY deleted_at
    LIMIT %(limit)s
  )
  ORDER BY changed_at
  LIMIT %(limit)s
)
SELECT
  COALESCE(ledger.last_modified, (SELECT MAX(updated_at) FROM diseases), '1970-01-01') AS as_of,
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
          '{"id":', diseases.id,
          ',"name":', JSON_QUOTE(diseases.name),
          ',"symptoms":', JSON_QUOTE(diseases.symptoms),
          ',"details":', JSON_QUOTE(diseases.details),
          ',"created_at":"', REPLACE(diseases.created_at, ' ', 'T'), 'Z"',
          ',"updated_at":"', REPLACE(diseases.updated_at, ' ', 'T'), 'Z"',
          '}'
        )
      )
      ORDER BY changes.changed_at
      SEPARATOR ',\n'
    ) AS data,
    GROUP_CONCAT(IF(changes.is_deleted AND diseases.id IS NULL, changes.id, NULL) ORDER BY changes.changed_at) AS deleted
  FROM changes
  LEFT JOIN diseases ON diseases.id = changes.id
) AS page
LEFT JOIN ledger ON ledger.table_name = 'diseases';
