-- Sets the given fields of one row of animals; its trigger stamps it.
-- By animals.PRIMARY.
UPDATE animals
SET
  updated_at = updated_at
  , record = %(record)s  -- if given
  , sex = %(sex)s  -- if given
  , birth_date = %(birth_date)s  -- if given
  , weight = %(weight)s  -- if given
  , status = %(status)s  -- if given
  , breeds_id = %(breeds_id)s  -- if given
  , idFather = %(idFather)s  -- if given
  , idMother = %(idMother)s  -- if given
WHERE id = %(id)s;
