-- Forgets a few of the revoked sessions whose tokens have expired; `now` in seconds since the epoch, by the clock that
-- tokens are held against.
-- By revoked_session.ix_revoked_session_expires_at.
DELETE FROM revoked_session
WHERE expires_at < FROM_UNIXTIME(%(now)s)
ORDER BY expires_at
LIMIT 20;
