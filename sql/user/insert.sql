-- One new row in user; gives its id.
INSERT INTO user (identification, fullname, password, email, phone, address, role, status)
VALUES (%(identification)s, %(fullname)s, %(password)s, %(email)s, %(phone)s, %(address)s, %(role)s, %(status)s)
RETURNING id;
