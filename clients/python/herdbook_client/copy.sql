-- What a copy keeps. Rows are as the service gave them, in JSON; each resource also has a view with its name.
CREATE TABLE IF NOT EXISTS herdbook_rows (
  resource TEXT    NOT NULL,
  id       INTEGER NOT NULL,
  row      TEXT    NOT NULL,
  PRIMARY KEY (resource, id)
) WITHOUT ROWID;

-- Rows of a reading of the whole resource that is not at its end.
CREATE TABLE IF NOT EXISTS herdbook_walked (
  resource TEXT    NOT NULL,
  id       INTEGER NOT NULL,
  row      TEXT    NOT NULL,
  PRIMARY KEY (resource, id)
) WITHOUT ROWID;

-- How far each copy is: since is NULL until a first reading has ended.
CREATE TABLE IF NOT EXISTS herdbook_places (
  resource    TEXT NOT NULL PRIMARY KEY,
  reader      TEXT NOT NULL,
  since       TEXT,
  walk_as_of  TEXT,
  walk_cursor TEXT
);

-- Writes made without the service, in their order; deleted once they are done.
CREATE TABLE IF NOT EXISTS herdbook_outbox (
  number   INTEGER PRIMARY KEY AUTOINCREMENT,
  method   TEXT    NOT NULL,
  resource TEXT    NOT NULL,
  row_id   INTEGER NOT NULL,
  body     TEXT    NOT NULL,
  base     TEXT    NOT NULL,
  key      TEXT    NOT NULL,
  state    TEXT    NOT NULL,
  reason   TEXT
);

-- The ids that rows made without the service (negative) got from it.
CREATE TABLE IF NOT EXISTS herdbook_new_ids (
  local  INTEGER NOT NULL PRIMARY KEY,
  row_id INTEGER NOT NULL
);
