-- Rows as a backup has them, with their ids and times; the triggers stand aside.
-- By species.PRIMARY; or that of another table.
INSERT INTO /* table: */ user /* :table */ (
  /* columns: */ id /* :columns */
)
SELECT /* columns: */ id /* :columns */
FROM JSON_TABLE(
  %(rows)s,
  '$[*]' COLUMNS (/* paths: */ id TEXT PATH '$[0]' /* :paths */)
) AS given;
