-- What changed in animals after a time, in the order of change: rows as they are now, ids of those deleted.
-- By animals.ix_animals_updated_at, animals.PRIMARY, ledger.PRIMARY, tombstone.PRIMARY; none is read further than the
-- limit.
WITH changes AS (
  (
    SELECT updated_at AS changed_at, id, FALSE AS is_deleted
    FROM animals
    WHERE updated_at > %(since)s
    ORDER BY updated_at
    LIMIT %(limit)s
  )
  UNION ALL
  (
    SELECT deleted_at, row_id, TRUE
    FROM tombstone
    WHERE table_name = 'animals' AND deleted_at > %(since)s
    ORDER BY deleted_at
    LIMIT %(limit)s
  )
  ORDER BY changed_at
  LIMIT %(limit)s
)
SELECT
  COALESCE(ledger.last_modified, (SELECT MAX(updated_at) FROM animals), '1970-01-01') AS as_of,
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
          '{"id":', animals.id,
          ',"record":', JSON_QUOTE(animals.record),
          ',"sex":', JSON_QUOTE(animals.sex),
          ',"birth_date":"', animals.birth_date, '"',
          ',"weight":', animals.weight,
          ',"status":', JSON_QUOTE(animals.status),
          ',"breeds_id":', animals.breeds_id,
          ',"idFather":', COALESCE(animals.idFather, 'null'),
          ',"idMother":', COALESCE(animals.idMother, 'null'),
          ',"age_in_days":', DATEDIFF(%(today)s, animals.birth_date),
          ',"age_in_months":', ROUND(DATEDIFF(%(today)s, animals.birth_date) / 30.44),
          ',"is_adult":', IF(ROUND(DATEDIFF(%(today)s, animals.birth_date) / 30.44) >= 12, 'true', 'false'),
          ',"created_at":"', REPLACE(animals.created_at, ' ', 'T'), 'Z"',
          ',"updated_at":"', REPLACE(animals.updated_at, ' ', 'T'), 'Z"',
          '}'
        )
      )
      ORDER BY changes.changed_at
      SEPARATOR ',\n'
    ) AS data,
    GROUP_CONCAT(IF(changes.is_deleted AND animals.id IS NULL, changes.id, NULL) ORDER BY changes.changed_at) AS deleted
  FROM changes
  LEFT JOIN animals ON animals.id = changes.id
) AS page
LEFT JOIN ledger ON ledger.table_name = 'animals';
