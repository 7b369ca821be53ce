-- Whether yoyo has made its own tables to the end: the last thing it does is to write their version.
-- By _yoyo_version.PRIMARY; it has a row or two.
SELECT COUNT(*) AS versions
FROM _yoyo_version;
