-- What keeps the given rows out of user: place in the array, field, and why: its value is taken by another row,
-- repeated among the given ones, or refers to a row that is missing; and the row that has it.
-- By user.uq_user_identification, user.uq_user_email, user.uq_user_phone.
WITH given AS (
  SELECT *
  FROM JSON_TABLE(
    %(rows)s,
    '$[*]' COLUMNS (
      place          FOR ORDINALITY,
      id             BIGINT PATH '$.id',
      identification BIGINT PATH '$.identification',
      email          VARCHAR(120) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci PATH '$.email',
      phone          VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci PATH '$.phone'
    )
  ) AS rows_given
)
SELECT given.place, 'identification' AS field, 'taken' AS reason, user.id AS row_id
FROM given
JOIN user ON user.identification = given.identification AND NOT user.id <=> given.id
UNION ALL
SELECT repeated.place, 'identification', 'repeated', NULL
FROM (SELECT place, identification, ROW_NUMBER() OVER (PARTITION BY identification ORDER BY place) AS nth FROM given) AS repeated
WHERE repeated.nth > 1 AND repeated.identification IS NOT NULL
UNION ALL
SELECT given.place, 'email' AS field, 'taken' AS reason, user.id
FROM given
JOIN user ON user.email = given.email AND NOT user.id <=> given.id
UNION ALL
SELECT repeated.place, 'email', 'repeated', NULL
FROM (SELECT place, email, ROW_NUMBER() OVER (PARTITION BY email ORDER BY place) AS nth FROM given) AS repeated
WHERE repeated.nth > 1 AND repeated.email IS NOT NULL
UNION ALL
SELECT given.place, 'phone' AS field, 'taken' AS reason, user.id
FROM given
JOIN user ON user.phone = given.phone AND NOT user.id <=> given.id
UNION ALL
SELECT repeated.place, 'phone', 'repeated', NULL
FROM (SELECT place, phone, ROW_NUMBER() OVER (PARTITION BY phone ORDER BY place) AS nth FROM given) AS repeated
WHERE repeated.nth > 1 AND repeated.phone IS NOT NULL
ORDER BY place, field;
