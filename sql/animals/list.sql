-- One page of animals as JSON rows, how many match, and the ledger's time of both.
-- By animals.ix_animals_updated_at, animals.PRIMARY, ledger.PRIMARY; another order or filter by its own index.
WITH matching AS (
  SELECT *
  FROM animals
  WHERE TRUE
    AND sex IN %(sex)s                                          -- if given
    AND sex NOT IN %(sex__ne)s                                  -- if given
    AND status IN %(status)s                                    -- if given
    AND status NOT IN %(status__ne)s                            -- if given
    AND breeds_id IN %(breeds_id)s                              -- if given
    AND breeds_id NOT IN %(breeds_id__ne)s                      -- if given
    AND breeds_id >= %(breeds_id__gte)s                         -- if given
    AND breeds_id > %(breeds_id__gt)s                           -- if given
    AND breeds_id <= %(breeds_id__lte)s                         -- if given
    AND breeds_id < %(breeds_id__lt)s                           -- if given
    AND birth_date IN %(birth_date)s                            -- if given
    AND birth_date NOT IN %(birth_date__ne)s                    -- if given
    AND birth_date >= %(birth_date__gte)s                       -- if given
    AND birth_date > %(birth_date__gt)s                         -- if given
    AND birth_date <= %(birth_date__lte)s                       -- if given
    AND birth_date < %(birth_date__lt)s                         -- if given
    AND weight IN %(weight)s                                    -- if given
    AND weight NOT IN %(weight__ne)s                            -- if given
    AND weight >= %(weight__gte)s                               -- if given
    AND weight > %(weight__gt)s                                 -- if given
    AND weight <= %(weight__lte)s                               -- if given
    AND weight < %(weight__lt)s                                 -- if given
    AND idFather IN %(idFather)s                                -- if given
    AND (idFather NOT IN %(idFather__ne)s OR idFather IS NULL)  -- if given
    AND idFather >= %(idFather__gte)s                           -- if given
    AND idFather > %(idFather__gt)s                             -- if given
    AND idFather <= %(idFather__lte)s                           -- if given
    AND idFather < %(idFather__lt)s                             -- if given
    AND (idFather IS NULL) = %(idFather__null)s                 -- if given
    AND idMother IN %(idMother)s                                -- if given
    AND (idMother NOT IN %(idMother__ne)s OR idMother IS NULL)  -- if given
    AND idMother >= %(idMother__gte)s                           -- if given
    AND idMother > %(idMother__gt)s                             -- if given
    AND idMother <= %(idMother__lte)s                           -- if given
    AND idMother < %(idMother__lt)s                             -- if given
    AND (idMother IS NULL) = %(idMother__null)s                 -- if given
    AND created_at IN %(created_at)s                            -- if given
    AND created_at >= %(created_at__gte)s                       -- if given
    AND created_at > %(created_at__gt)s                         -- if given
    AND created_at <= %(created_at__lte)s                       -- if given
    AND created_at < %(created_at__lt)s                         -- if given
    AND updated_at IN %(updated_at)s                            -- if given
    AND updated_at >= %(updated_at__gte)s                       -- if given
    AND updated_at > %(updated_at__gt)s                         -- if given
    AND updated_at <= %(updated_at__lte)s                       -- if given
    AND updated_at < %(updated_at__lt)s                         -- if given
    AND (CONCAT_WS('\n', record, sex, status) LIKE %(search)s OR id = %(search_number)s OR weight = %(search_number)s OR breeds_id = %(search_number)s OR idFather = %(search_number)s OR idMother = %(search_number)s OR birth_date LIKE %(search_day)s OR created_at LIKE %(search_day)s)  -- if given
)
SELECT
  COALESCE(ledger.last_modified, (SELECT MAX(updated_at) FROM animals), '1970-01-01') AS as_of,
  NOW(6) AS answered_at,
  CASE %(total_from)s
    WHEN 'ledger' THEN COALESCE(ledger.row_count, (SELECT COUNT(*) FROM animals))
    WHEN 'count' THEN (SELECT COUNT(*) FROM matching)
  END AS total_items,
  (
    SELECT GROUP_CONCAT(
      CONCAT(
        '{"id":', id,
        ',"record":', JSON_QUOTE(record),
        ',"sex":', JSON_QUOTE(sex),
        ',"birth_date":"', birth_date, '"',
        ',"weight":', weight,
        ',"status":', JSON_QUOTE(status),
        ',"breeds_id":', breeds_id,
        ',"idFather":', COALESCE(idFather, 'null'),
        ',"idMother":', COALESCE(idMother, 'null'),
        ',"age_in_days":', DATEDIFF(%(today)s, birth_date),
        ',"age_in_months":', ROUND(DATEDIFF(%(today)s, birth_date) / 30.44),
        ',"is_adult":', IF(ROUND(DATEDIFF(%(today)s, birth_date) / 30.44) >= 12, 'true', 'false'),
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
    JOIN animals USING (id)
  ) AS data
FROM (SELECT 'animals' AS table_name) AS asked
LEFT JOIN ledger ON ledger.table_name = 'animals';
