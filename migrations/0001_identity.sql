-- Accounts and their credentials. Secrets are stored as hashes only.
CREATE TABLE users (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  email TEXT NOT NULL,
  email_key TEXT NOT NULL,
  username TEXT NOT NULL,
  username_key TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  full_name TEXT,
  role TEXT NOT NULL DEFAULT 'user',
  status TEXT NOT NULL DEFAULT 'active',
  login_count INTEGER NOT NULL DEFAULT 0 CHECK (login_count >= 0),
  last_login_at INTEGER,
  version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX users_email_key ON users (email_key);
CREATE UNIQUE INDEX users_username_key ON users (username_key);

CREATE TABLE user_sessions (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  access_token_hash TEXT NOT NULL,
  access_expires_at INTEGER NOT NULL,
  refresh_token_hash TEXT NOT NULL,
  -- The hash that the last rotation replaced: presenting it again means that a token was stolen.
  previous_refresh_token_hash TEXT,
  refresh_expires_at INTEGER NOT NULL,
  user_agent TEXT,
  version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX user_sessions_access_token_hash ON user_sessions (access_token_hash);
CREATE UNIQUE INDEX user_sessions_refresh_token_hash ON user_sessions (refresh_token_hash);
CREATE INDEX user_sessions_previous_refresh_token_hash ON user_sessions (previous_refresh_token_hash)
  WHERE previous_refresh_token_hash IS NOT NULL;
CREATE INDEX user_sessions_user_id ON user_sessions (user_id, created_at);
CREATE INDEX user_sessions_refresh_expires_at ON user_sessions (refresh_expires_at);

CREATE TABLE api_keys (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  -- The first characters of the key, shown so that people can tell their keys apart.
  prefix TEXT NOT NULL,
  key_hash TEXT NOT NULL,
  scopes TEXT NOT NULL CHECK (json_valid(scopes)),
  expires_at INTEGER,
  last_used_at INTEGER,
  version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX api_keys_key_hash ON api_keys (key_hash);
CREATE INDEX api_keys_owner_id ON api_keys (owner_id, created_at, id);
