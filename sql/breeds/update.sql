-- Sets the given fields of one row of breeds; its trigger stamps it.
-- By breeds.PRIMARY.
UPDATE breeds
SET
  updated_at = updated_at
  , name = %(name)s  -- if given
  , species_id = %(species_id)s  -- if given
WHERE id = %(id)s;
