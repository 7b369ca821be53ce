-- Sets the given fields of one row of diseases; its trigger stamps it.
-- By diseases.PRIMARY.
UPDATE diseases
SET
  updated_at = updated_at
  , name = %(name)s  -- if given
  , symptoms = %(symptoms)s  -- if given
  , details = %(details)s  -- if given
WHERE id = %(id)s;
