-- A hash of what all refresh tokens of a session begin with: any of them that was exchanged, however long ago, is known
-- again. Null until an older session is refreshed.
ALTER TABLE user_sessions ADD COLUMN refresh_family_hash TEXT;
CREATE UNIQUE INDEX user_sessions_refresh_family_hash ON user_sessions (refresh_family_hash);

-- How many mails an address was sent lately, whoever asked for them.
CREATE INDEX verifications_address ON verifications (lower(email), purpose, created_at);
