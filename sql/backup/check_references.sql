-- Whether foreign keys are checked in this session: rows of a backup refer to rows that come after them.
-- By no index.
SET foreign_key_checks = %(checked)s;
