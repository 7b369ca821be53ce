-- One page of diagnoses as JSON rows, how many match, and the ledger's time of both.
-- By animal_diseases.ix_animal_diseases_updated_at, animal_diseases.PRIMARY, ledger.PRIMARY; another order or filter by
-- its own index.
WITH matching AS (
  SELECT *
  FROM animal_diseases
  WHERE TRUE
    AND animal_id IN %(animal_id)s                    -- if given
    AND animal_id NOT IN %(animal_id__ne)s            -- if given
    AND animal_id >= %(animal_id__gte)s               -- if given
    AND animal_id > %(animal_id__gt)s                 -- if given
    AND animal_id <= %(animal_id__lte)s               -- if given
    AND animal_id < %(animal_id__lt)s                 -- if given
    AND disease_id IN %(disease_id)s                  -- if given
    AND disease_id NOT IN %(disease_id__ne)s          -- if given
    AND disease_id >= %(disease_id__gte)s             -- if given
    AND disease_id > %(disease_id__gt)s               -- if given
    AND disease_id <= %(disease_id__lte)s             -- if given
    AND disease_id < %(disease_id__lt)s               -- if given
    AND instructor_id IN %(instructor_id)s            -- if given
    AND instructor_id NOT IN %(instructor_id__ne)s    -- if given
    AND instructor_id >= %(instructor_id__gte)s       -- if given
    AND instructor_id > %(instructor_id__gt)s         -- if given
    AND instructor_id <= %(instructor_id__lte)s       -- if given
    AND instructor_id < %(instructor_id__lt)s         -- if given
    AND status IN %(status)s                          -- if given
    AND status NOT IN %(status__ne)s                  -- if given
    AND diagnosis_date IN %(diagnosis_date)s          -- if given
    AND diagnosis_date NOT IN %(diagnosis_date__ne)s  -- if given
    AND diagnosis_date >= %(diagnosis_date__gte)s     -- if given
    AND diagnosis_date > %(diagnosis_date__gt)s       -- if given
    AND diagnosis_date <= %(diagnosis_date__lte)s     -- if given
    AND diagnosis_date < %(diagnosis_date__lt)s       -- if given
    AND created_at IN %(created_at)s                  -- if given
    AND created_at >= %(created_at__gte)s             -- if given
    AND created_at > %(created_at__gt)s               -- if given
    AND created_at <= %(created_at__lte)s             -- if given
    AND created_at < %(created_at__lt)s               -- if given
    AND updated_at IN %(updated_at)s                  -- if given
    AND updated_at >= %(updated_at__gte)s             -- if given
    AND updated_at > %(updated_at__gt)s               -- if given
    AND updated_at <= %(updated_at__lte)s             -- if given
    AND updated_at < %(updated_at__lt)s               -- if given
    AND (CONCAT_WS('\n', status, notes) LIKE %(search)s OR id = %(search_number)s OR animal_id = %(search_number)s OR disease_id = %(search_number)s OR instructor_id = %(search_number)s OR diagnosis_date LIKE %(search_day)s OR created_at LIKE %(search_day)s)  -- if given
)
SELECT
  COALESCE(ledger.last_modified, (SELECT MAX(updated_at) FROM animal_diseases), '1970-01-01') AS as_of,
  NOW(6) AS answered_at,
  CASE %(total_from)s
    WHEN 'ledger' THEN COALESCE(ledger.row_count, (SELECT COUNT(*) FROM animal_diseases))
    WHEN 'count' THEN (SELECT COUNT(*) FROM matching)
  END AS total_items,
  (
    SELECT GROUP_CONCAT(
      CONCAT(
        '{"id":', id,
        ',"animal_id":', animal_id,
        ',"disease_id":', disease_id,
        ',"instructor_id":', instructor_id,
        ',"diagnosis_date":"', diagnosis_date, '"',
        ',"status":', JSON_QUOTE(status),
        ',"notes":', COALESCE(JSON_QUOTE(notes), 'null'),
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
    JOIN animal_diseases USING (id)
  ) AS data
FROM (SELECT 'animal_diseases' AS table_name) AS asked
LEFT JOIN ledger ON ledger.table_name = 'animal_diseases';
