-- POST requests with an Idempotency-Key, so that each takes effect once.
CREATE TABLE idempotency_keys (
  owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- Hash of method, path and key: the key itself, which opens the stored answer, is stored nowhere.
  request_hash TEXT NOT NULL,
  -- The attempt that works on it. A newer one takes it over when the lease is out; the older can then commit nothing.
  attempt_id TEXT NOT NULL,
  -- running: nothing has happened yet. committed: it took effect. answered: the answer is stored too.
  state TEXT NOT NULL,
  -- Hash of what was asked. Null while an upload is on its way.
  fingerprint TEXT,
  answer TEXT,
  leased_until INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (owner_id, request_hash)
) STRICT;
CREATE INDEX idempotency_keys_expires_at ON idempotency_keys (expires_at);
