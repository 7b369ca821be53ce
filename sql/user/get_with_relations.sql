-- The users with the given ids as JSON rows with what they relate to, at most 50 of each, and when any of these tables
-- last changed.
-- By user.PRIMARY, animal_diseases.ix_animal_diseases_instructor_id, diseases.PRIMARY, ledger.PRIMARY.
SELECT
  id,
  (SELECT MAX(last_modified) FROM ledger WHERE table_name IN ('user', 'animal_diseases', 'diseases')) AS updated_at,
  NOW(6) AS answered_at,
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
    /* relations: */
    ',"diseases":[', COALESCE((
      SELECT GROUP_CONCAT(JSON_OBJECT('id', related.id, 'name', related.name) ORDER BY related.id SEPARATOR ',' LIMIT 50)
      FROM diseases AS related
      WHERE EXISTS (SELECT 1 FROM animal_diseases WHERE instructor_id = user.id AND disease_id = related.id)
    ), ''), ']',
    /* :relations */
    '}'
  ) AS data
FROM user
WHERE id IN %(ids)s
ORDER BY id;
