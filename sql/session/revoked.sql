-- Those of the given sessions that are revoked already.
-- By revoked_session.PRIMARY.
SELECT session_id
FROM revoked_session
WHERE session_id IN %(session_ids)s
ORDER BY session_id;
