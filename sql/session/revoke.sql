-- Ends a session; `expires` in seconds since the epoch: from then on its tokens are void by themselves.
-- By revoked_session.PRIMARY.
INSERT IGNORE INTO revoked_session (session_id, expires_at)
VALUES (%(session_id)s, FROM_UNIXTIME(%(expires)s));
