-- What operators change without deploying, and what administration needs to know of accounts without reading them all.

-- One row for each setting that was ever changed. Without a value the configured default holds; the row stays, so that a
-- version is never used twice.
CREATE TABLE system_settings (
  key TEXT PRIMARY KEY NOT NULL,
  value TEXT CHECK (value IS NULL OR json_valid(value)),
  version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
  updated_by TEXT REFERENCES users (id) ON DELETE SET NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX system_settings_updated_by ON system_settings (updated_by) WHERE updated_by IS NOT NULL;

ALTER TABLE users ADD COLUMN deactivated_at INTEGER;
ALTER TABLE users ADD COLUMN reactivated_at INTEGER;
-- The last day (UTC, YYYY-MM-DD) on which the account logged in, refreshed a session or used an API key.
ALTER TABLE users ADD COLUMN last_active_on TEXT;
-- Limits of the user's own: 0 for any number, null for the usual ones.
ALTER TABLE users ADD COLUMN request_limit_per_minute INTEGER CHECK (request_limit_per_minute >= 0);
ALTER TABLE users ADD COLUMN request_limit_per_hour INTEGER CHECK (request_limit_per_hour >= 0);
-- Why the token was mailed, where that is not the usual reason.
ALTER TABLE verifications ADD COLUMN reason TEXT;

CREATE INDEX users_created ON users (created_at, id);
CREATE INDEX users_last_login ON users (last_login_at, id) WHERE last_login_at IS NOT NULL;
-- Few accounts are either, whatever the number of accounts.
CREATE INDEX users_admins ON users (created_at, id) WHERE role = 'admin';
CREATE INDEX users_deactivated ON users (created_at, id) WHERE status = 'deactivated';
CREATE INDEX users_limited ON users (updated_at, id)
  WHERE request_limit_per_minute IS NOT NULL OR request_limit_per_hour IS NOT NULL;
CREATE INDEX api_keys_limited ON api_keys (created_at, id) WHERE requests_per_minute IS NOT NULL;

UPDATE users SET last_active_on = (
  SELECT date(max(updated_at) / 1000, 'unixepoch') FROM user_sessions WHERE user_sessions.user_id = users.id
);

-- What an account can be found by: its username, its e-mail address, and each word of its full name, in lower case.
CREATE TABLE user_terms (
  term TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  PRIMARY KEY (term, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_terms_user_id ON user_terms (user_id);

INSERT OR IGNORE INTO user_terms (term, user_id) SELECT username_key, id FROM users;
INSERT OR IGNORE INTO user_terms (term, user_id) SELECT email_key, id FROM users;
INSERT OR IGNORE INTO user_terms (term, user_id)
  SELECT word.value, users.id
  FROM users, json_each('[' || replace(json_quote(lower(users.full_name)), ' ', '","') || ']') AS word
  WHERE users.full_name IS NOT NULL AND word.value <> '';

CREATE TRIGGER user_terms_insert AFTER INSERT ON users BEGIN
  INSERT OR IGNORE INTO user_terms (term, user_id) VALUES (new.username_key, new.id), (new.email_key, new.id);
  INSERT OR IGNORE INTO user_terms (term, user_id)
    SELECT word.value, new.id
    FROM json_each('[' || replace(json_quote(lower(coalesce(new.full_name, ''))), ' ', '","') || ']') AS word
    WHERE word.value <> '';
END;
CREATE TRIGGER user_terms_update AFTER UPDATE OF username_key, email_key, full_name ON users
WHEN old.username_key <> new.username_key OR old.email_key <> new.email_key OR old.full_name IS NOT new.full_name
BEGIN
  DELETE FROM user_terms WHERE user_id = new.id;
  INSERT OR IGNORE INTO user_terms (term, user_id) VALUES (new.username_key, new.id), (new.email_key, new.id);
  INSERT OR IGNORE INTO user_terms (term, user_id)
    SELECT word.value, new.id
    FROM json_each('[' || replace(json_quote(lower(coalesce(new.full_name, ''))), ' ', '","') || ']') AS word
    WHERE word.value <> '';
END;

-- Accounts counted by what they are, and by the day on which they were made or last active: kept by triggers, so that
-- they are right whoever writes, and nobody has to count.
CREATE TABLE user_statistics (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  total INTEGER NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

INSERT INTO user_statistics (kind, key, total) SELECT 'status', status, count(*) FROM users GROUP BY status;
INSERT INTO user_statistics (kind, key, total) SELECT 'role', role, count(*) FROM users GROUP BY role;
INSERT INTO user_statistics (kind, key, total)
  SELECT 'email', iif(email_verified_at IS NULL, 'unverified', 'verified') AS state, count(*) FROM users GROUP BY state;
INSERT INTO user_statistics (kind, key, total)
  SELECT 'created', date(created_at / 1000, 'unixepoch') AS day, count(*) FROM users GROUP BY day;
INSERT INTO user_statistics (kind, key, total)
  SELECT 'active', last_active_on, count(*) FROM users WHERE last_active_on IS NOT NULL GROUP BY last_active_on;

CREATE TRIGGER user_statistics_insert AFTER INSERT ON users BEGIN
  INSERT INTO user_statistics (kind, key, total) VALUES
    ('status', new.status, 1),
    ('role', new.role, 1),
    ('email', iif(new.email_verified_at IS NULL, 'unverified', 'verified'), 1),
    ('created', date(new.created_at / 1000, 'unixepoch'), 1)
  ON CONFLICT DO UPDATE SET total = total + 1;
END;
CREATE TRIGGER user_statistics_delete AFTER DELETE ON users BEGIN
  UPDATE user_statistics SET total = total - 1 WHERE kind = 'status' AND key = old.status;
  UPDATE user_statistics SET total = total - 1 WHERE kind = 'role' AND key = old.role;
  UPDATE user_statistics SET total = total - 1
    WHERE kind = 'email' AND key = iif(old.email_verified_at IS NULL, 'unverified', 'verified');
  UPDATE user_statistics SET total = total - 1
    WHERE kind = 'created' AND key = date(old.created_at / 1000, 'unixepoch');
  UPDATE user_statistics SET total = total - 1 WHERE kind = 'active' AND key = old.last_active_on;
END;
CREATE TRIGGER user_statistics_status AFTER UPDATE OF status ON users WHEN old.status <> new.status BEGIN
  UPDATE user_statistics SET total = total - 1 WHERE kind = 'status' AND key = old.status;
  INSERT INTO user_statistics (kind, key, total) VALUES ('status', new.status, 1)
    ON CONFLICT DO UPDATE SET total = total + 1;
END;
CREATE TRIGGER user_statistics_role AFTER UPDATE OF role ON users WHEN old.role <> new.role BEGIN
  UPDATE user_statistics SET total = total - 1 WHERE kind = 'role' AND key = old.role;
  INSERT INTO user_statistics (kind, key, total) VALUES ('role', new.role, 1)
    ON CONFLICT DO UPDATE SET total = total + 1;
END;
CREATE TRIGGER user_statistics_email AFTER UPDATE OF email_verified_at ON users
WHEN (old.email_verified_at IS NULL) <> (new.email_verified_at IS NULL)
BEGIN
  UPDATE user_statistics SET total = total - 1
    WHERE kind = 'email' AND key = iif(old.email_verified_at IS NULL, 'unverified', 'verified');
  INSERT INTO user_statistics (kind, key, total)
    VALUES ('email', iif(new.email_verified_at IS NULL, 'unverified', 'verified'), 1)
    ON CONFLICT DO UPDATE SET total = total + 1;
END;
CREATE TRIGGER user_statistics_active AFTER UPDATE OF last_active_on ON users
WHEN old.last_active_on IS NOT new.last_active_on AND new.last_active_on IS NOT NULL
BEGIN
  UPDATE user_statistics SET total = total - 1 WHERE kind = 'active' AND key = old.last_active_on;
  INSERT INTO user_statistics (kind, key, total) VALUES ('active', new.last_active_on, 1)
    ON CONFLICT DO UPDATE SET total = total + 1;
END;

-- At most one write for a user and day.
CREATE TRIGGER user_activity_login AFTER INSERT ON user_sessions BEGIN
  UPDATE users SET last_active_on = date(new.created_at / 1000, 'unixepoch')
    WHERE id = new.user_id AND coalesce(last_active_on, '') < date(new.created_at / 1000, 'unixepoch');
END;
CREATE TRIGGER user_activity_refresh AFTER UPDATE OF refresh_token_hash ON user_sessions BEGIN
  UPDATE users SET last_active_on = date(new.updated_at / 1000, 'unixepoch')
    WHERE id = new.user_id AND coalesce(last_active_on, '') < date(new.updated_at / 1000, 'unixepoch');
END;
CREATE TRIGGER user_activity_key AFTER UPDATE OF last_used_at ON api_keys WHEN new.last_used_at IS NOT NULL BEGIN
  UPDATE users SET last_active_on = date(new.last_used_at / 1000, 'unixepoch')
    WHERE id = new.owner_id AND coalesce(last_active_on, '') < date(new.last_used_at / 1000, 'unixepoch');
END;

-- Who came near a limit, was refused or was locked out, as far as the isolates have told. Swept after a day.
CREATE TABLE limit_events (
  -- What was counted: `user:ID`, `key:ID`, `address:HASH`, or for attempts `WHAT:account:HASH`, `WHAT:address:HASH`.
  subject TEXT PRIMARY KEY NOT NULL,
  kind TEXT NOT NULL,
  -- Whose account it concerns, where there is one.
  user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
  policy TEXT,
  quota INTEGER,
  remaining INTEGER,
  refusals INTEGER NOT NULL DEFAULT 0 CHECK (refusals >= 0),
  refused_at INTEGER,
  blocked_until INTEGER,
  seen_at INTEGER NOT NULL
) STRICT;
CREATE INDEX limit_events_user_id ON limit_events (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX limit_events_kind ON limit_events (kind, seen_at, subject);
CREATE INDEX limit_events_seen_at ON limit_events (seen_at);
