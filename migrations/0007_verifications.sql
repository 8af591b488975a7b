-- Tokens that were mailed to an account's address: to verify it, or to set a new password. Stored as hashes only.
CREATE TABLE verifications (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  purpose TEXT NOT NULL,
  token_hash TEXT NOT NULL,
  -- Where it was sent: a token proves nothing about an address that the account has got since.
  email TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  -- When the mail was handed over; until then a sweep tries again, with a new token.
  sent_at INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX verifications_token_hash ON verifications (token_hash);
CREATE INDEX verifications_user_id ON verifications (user_id, purpose, created_at);
CREATE INDEX verifications_expires_at ON verifications (expires_at);
CREATE INDEX verifications_unsent ON verifications (created_at) WHERE sent_at IS NULL;

ALTER TABLE users ADD COLUMN email_verified_at INTEGER;
