-- Erasures of whole accounts. They belong to nobody: each outlives the rows of the user whom it erases, and then holds
-- nothing about a person.
CREATE TABLE erasures (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  -- Of the receipt, by which its state can be asked for without an account.
  token_hash TEXT NOT NULL,
  -- Whom to erase, and by what names other stores know them: sealed, and dropped after the last look.
  subject TEXT,
  status TEXT NOT NULL DEFAULT 'queued',
  attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  -- When somebody may (again) take it; null when nothing is left to do.
  due_at INTEGER,
  lease_token TEXT,
  -- When the user's row went: nothing of theirs could be stored in the catalogue from then on.
  fenced_at INTEGER,
  -- What the last attempt found left, by store.
  remaining TEXT CHECK (remaining IS NULL OR json_valid(remaining)),
  started_at INTEGER,
  finished_at INTEGER,
  expires_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX erasures_token_hash ON erasures (token_hash);
CREATE INDEX erasures_due ON erasures (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX erasures_expires_at ON erasures (expires_at) WHERE expires_at IS NOT NULL;

-- What has been in the trash for too long is found by its time.
CREATE INDEX collections_trash ON collections (deleted_at) WHERE deleted_at IS NOT NULL;
