-- Sets the given fields of one row of user; its trigger stamps it.
-- By user.PRIMARY.
UPDATE user
SET
  updated_at = updated_at
  , identification = %(identification)s  -- if given
  , fullname = %(fullname)s  -- if given
  , password = %(password)s  -- if given
  , email = %(email)s  -- if given
  , phone = %(phone)s  -- if given
  , address = %(address)s  -- if given
  , role = %(role)s  -- if given
  , status = %(status)s  -- if given
WHERE id = %(id)s;
