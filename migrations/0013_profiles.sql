-- What people tell about themselves, by what they know their devices again, and how their keys follow one another.
ALTER TABLE users ADD COLUMN bio TEXT;
ALTER TABLE users ADD COLUMN theme TEXT NOT NULL DEFAULT 'system';
ALTER TABLE users ADD COLUMN locale TEXT;
ALTER TABLE users ADD COLUMN time_zone TEXT;
ALTER TABLE users ADD COLUMN preferred_model TEXT;
ALTER TABLE users ADD COLUMN preferences TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(preferences));
-- The picture's object in the archive, and what it is. Null without one.
ALTER TABLE users ADD COLUMN avatar TEXT CHECK (json_valid(avatar));
-- owner or admin, while the account is deactivated: only an administrator takes back what an administrator did.
ALTER TABLE users ADD COLUMN deactivated_by TEXT;
-- What the username looks like: no two accounts look the same. Null until a sweep has looked at an older account.
ALTER TABLE users ADD COLUMN username_skeleton TEXT;
CREATE UNIQUE INDEX users_username_skeleton ON users (username_skeleton);

-- As its user calls the device. Null: told from the user agent.
ALTER TABLE user_sessions ADD COLUMN device_name TEXT;
-- A keyed hash of the network address that the session was last continued from.
ALTER TABLE user_sessions ADD COLUMN address_hash TEXT;
ALTER TABLE user_sessions ADD COLUMN last_used_at INTEGER;
-- When it last got new tokens.
ALTER TABLE user_sessions ADD COLUMN refreshed_at INTEGER;
-- When it ends, however often it is refreshed.
ALTER TABLE user_sessions ADD COLUMN absolute_expires_at INTEGER;
-- The tokens of the last rotation, sealed with the refresh token that they replaced, until one of them is used.
ALTER TABLE user_sessions ADD COLUMN sealed_tokens TEXT;

-- The key that this one took over from, and the one that takes over from it. Ids, which may outlive their keys.
ALTER TABLE api_keys ADD COLUMN rotated_from TEXT;
ALTER TABLE api_keys ADD COLUMN replaced_by TEXT;
