-- Accounts elsewhere by which users sign in here.
CREATE TABLE oauth_accounts (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  provider TEXT NOT NULL,
  provider_account_id TEXT NOT NULL,
  -- As the provider last said it; it proves nothing by itself.
  email TEXT,
  -- The provider's tokens, sealed by ENCRYPTION_KEYS for this user and account.
  sealed_tokens TEXT NOT NULL,
  -- When the access token among them expires; null when the provider did not say.
  tokens_expire_at INTEGER,
  scope TEXT,
  version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX oauth_accounts_provider_account ON oauth_accounts (provider, provider_account_id);
CREATE INDEX oauth_accounts_user_id ON oauth_accounts (user_id, created_at, id);

-- Sign-ins that have begun: each is answered once, to the browser that began it.
CREATE TABLE oauth_states (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  state_hash TEXT NOT NULL,
  -- The hash of the cookie of the browser that began it.
  browser_hash TEXT NOT NULL,
  provider TEXT NOT NULL,
  -- The PKCE verifier and the nonce.
  sealed_secrets TEXT NOT NULL,
  intent TEXT NOT NULL,
  -- Who wants to link an account, by which session; null for a login.
  user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
  session_id TEXT,
  -- The app that gets the outcome, and what it has to show for the code; null when the answer is the outcome.
  redirect_uri TEXT,
  code_challenge TEXT,
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX oauth_states_state_hash ON oauth_states (state_hash);
CREATE INDEX oauth_states_user_id ON oauth_states (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX oauth_states_expires_at ON oauth_states (expires_at);

-- What an app gets in its address instead of tokens, to be exchanged once.
CREATE TABLE oauth_codes (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  code_hash TEXT NOT NULL,
  code_challenge TEXT,
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX oauth_codes_code_hash ON oauth_codes (code_hash);
CREATE INDEX oauth_codes_user_id ON oauth_codes (user_id);
CREATE INDEX oauth_codes_expires_at ON oauth_codes (expires_at);
