-- Sets the given fields of one row of species; its trigger stamps it.
-- By species.PRIMARY.
UPDATE species
SET
  updated_at = updated_at
  , name = %(name)s  -- if given
WHERE id = %(id)s;
