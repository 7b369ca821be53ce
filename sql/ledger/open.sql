-- Gives a table without a ledger row an empty one, so that its writers wait for who fills it in.
-- By ledger.PRIMARY.
INSERT IGNORE INTO ledger (table_name, row_count, version, last_modified, deltas_from)
VALUES (%(table_name)s, 0, 0, NOW(6), NOW(6));
