-- What changed in diagnoses after a time, in the order of change: rows as they are now, ids of those deleted.
-- By animal_diseases.ix_animal_diseases_updated_at, animal_diseases.PRIMARY, ledger.PRIMARY, tombstone.PRIMARY; none is
-- read further than the limit.
WITH changes AS (
  (
    SELECT updated_at AS changed_at, id, FALSE AS is_deleted
    FROM animal_diseases
    WHERE updated_at > %(since)s
    ORDER BY updated_at
    LIMIT %(limit)s
  )
  UNION ALL
  (
    SELECT deleted_at, row_id, TRUE
    FROM tombstone
    WHERE table_name = 'animal_diseases' AND deleted_at > %(since)s
    ORDER BY deleted_at
    LIMIT %(limit)s
  )
  ORDER BY changed_at
  LIMIT %(limit)s
)
SELECT
  COALESCE(ledger.last_modified, (SELECT MAX(updated_at) FROM animal_diseases), '1970-01-01') AS as_of,
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
          '{"id":', animal_diseases.id,
          ',"animal_id":', animal_diseases.animal_id,
          ',"disease_id":', animal_diseases.disease_id,
          ',"instructor_id":', animal_diseases.instructor_id,
          ',"diagnosis_date":"', animal_diseases.diagnosis_date, '"',
          ',"status":', JSON_QUOTE(animal_diseases.status),
          ',"notes":', COALESCE(JSON_QUOTE(animal_diseases.notes), 'null'),
          ',"created_at":"', REPLACE(animal_diseases.created_at, ' ', 'T'), 'Z"',
          ',"updated_at":"', REPLACE(animal_diseases.updated_at, ' ', 'T'), 'Z"',
          '}'
        )
      )
      ORDER BY changes.changed_at
      SEPARATOR ',\n'
    ) AS data,
    GROUP_CONCAT(IF(changes.is_deleted AND animal_diseases.id IS NULL, changes.id, NULL) ORDER BY changes.changed_at) AS deleted
  FROM changes
  LEFT JOIN animal_diseases ON animal_diseases.id = changes.id
) AS page
LEFT JOIN ledger ON ledger.table_name = 'animal_diseases';
