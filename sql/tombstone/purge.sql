-- Forgets the tombstones of a table up to a time that its ledger row says deltas start from.
-- By tombstone.PRIMARY.
DELETE FROM tombstone
WHERE table_name = %(table_name)s AND deleted_at <= %(deltas_from)s;
