-- Sets the given fields of one row of animal_diseases; its trigger stamps it.
-- By animal_diseases.PRIMARY.
UPDATE animal_diseases
SET
  updated_at = updated_at
  , animal_id = %(animal_id)s  -- if given
  , disease_id = %(disease_id)s  -- if given
  , instructor_id = %(instructor_id)s  -- if given
  , diagnosis_date = %(diagnosis_date)s  -- if given
  , status = %(status)s  -- if given
  , notes = %(notes)s  -- if given
WHERE id = %(id)s;
