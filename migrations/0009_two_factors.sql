-- Whether a password alone is enough: null while it is.
ALTER TABLE users ADD COLUMN two_factor_enabled_at INTEGER;

-- Secrets of authenticator apps. While the user has no second factor, one that waits for its first code.
CREATE TABLE two_factors (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- Sealed by the ring of keys, with this row as context.
  secret TEXT NOT NULL,
  -- The time step of the last code that was taken: no code of it, or of one before it, is taken again.
  last_step INTEGER NOT NULL DEFAULT 0 CHECK (last_step >= 0),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX two_factors_owner_id ON two_factors (owner_id);

-- Codes for those who have lost their app. Stored as hashes only.
CREATE TABLE recovery_codes (
  owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  code_hash TEXT NOT NULL,
  used_at INTEGER,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (owner_id, code_hash)
) STRICT;

-- Logins whose first factor was right and whose second is awaited. Stored as hashes only.
CREATE TABLE login_tickets (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  ticket_hash TEXT NOT NULL,
  -- Hash of the stored password hash: a ticket from before a change of the password is worth nothing after it.
  password_mark TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX login_tickets_ticket_hash ON login_tickets (ticket_hash);
CREATE INDEX login_tickets_owner_id ON login_tickets (owner_id);
CREATE INDEX login_tickets_expires_at ON login_tickets (expires_at);

-- WebAuthn credentials.
CREATE TABLE passkeys (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  -- As its authenticator names it, in base64url.
  credential_id TEXT NOT NULL,
  -- COSE key in base64url. Public.
  public_key TEXT NOT NULL,
  -- How often its authenticator says that it was used: a smaller number comes from a copy. Most say 0 for ever.
  sign_count INTEGER NOT NULL CHECK (sign_count >= 0),
  transports TEXT NOT NULL CHECK (json_valid(transports)),
  backed_up INTEGER NOT NULL CHECK (backed_up IN (0, 1)),
  last_used_at INTEGER,
  version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX passkeys_credential_id ON passkeys (credential_id);
CREATE INDEX passkeys_owner_id ON passkeys (owner_id, created_at, id);

-- What passkeys were asked to sign: each once, for a few minutes.
CREATE TABLE passkey_challenges (
  challenge TEXT PRIMARY KEY NOT NULL,
  -- Whose passkey was asked; null where anybody's was.
  owner_id TEXT REFERENCES users (id) ON DELETE CASCADE,
  purpose TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX passkey_challenges_owner_id ON passkey_challenges (owner_id, purpose);
CREATE INDEX passkey_challenges_expires_at ON passkey_challenges (expires_at);
