-- Whether the triggers of a table leave the stamping to the statements of this session: the table's name, or NULL.
-- By no index.
SET @ledger_stands_aside = %(table_name)s;
