-- Some rows of a table after an id, one JSON array of columns a line, and how many they are.
-- By user.PRIMARY; or that of another table.
SELECT
  COUNT(*) AS size,
  GROUP_CONCAT(JSON_ARRAY(/* columns: */ id /* :columns */) ORDER BY id SEPARATOR '\n') AS data
FROM (
  SELECT /* columns: */ id /* :columns */
  FROM /* table: */ user /* :table */
  WHERE id > %(after)s
  ORDER BY id
  LIMIT %(limit)s
) AS page;
