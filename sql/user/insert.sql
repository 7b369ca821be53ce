-- One new row in user; gives its id, or what get.sql gives of it.
-- By user.PRIMARY.
INSERT INTO user (identification, fullname, password, email, phone, address, role, status)
VALUES (%(identification)s, %(fullname)s, %(password)s, %(email)s, %(phone)s, %(address)s, %(role)s, %(status)s)
RETURNING /* returning: */ id /* :returning */;
