-- Work in progress. The row is the truth; a queue message only wakes it.
CREATE TABLE processing_jobs (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  type TEXT NOT NULL,
  -- What it works on. No foreign key: the record of a deletion outlives what it deleted.
  subject_id TEXT,
  status TEXT NOT NULL DEFAULT 'queued',
  step TEXT,
  -- What finished steps left for the next ones, so that a new attempt starts where the last one ended.
  checkpoint TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(checkpoint)),
  progress_percentage REAL NOT NULL DEFAULT 0 CHECK (progress_percentage BETWEEN 0 AND 100),
  total_items INTEGER NOT NULL DEFAULT 0 CHECK (total_items >= 0),
  processed_items INTEGER NOT NULL DEFAULT 0 CHECK (processed_items >= 0),
  attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  -- When somebody may (again) take the job: its start or retry time while queued, the end of the lease while running.
  -- Null once it has ended.
  due_at INTEGER,
  -- Names the attempt that owns the job; writes of any other attempt change nothing.
  lease_token TEXT,
  error_code TEXT,
  error_message TEXT,
  result TEXT CHECK (result IS NULL OR json_valid(result)),
  request_id TEXT,
  started_at INTEGER,
  finished_at INTEGER,
  version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((due_at IS NULL) = (status NOT IN ('queued', 'running')))
) STRICT;
CREATE INDEX processing_jobs_owner_created ON processing_jobs (owner_id, created_at, id);
CREATE INDEX processing_jobs_owner_status ON processing_jobs (owner_id, status, created_at, id);
CREATE INDEX processing_jobs_owner_subject ON processing_jobs (owner_id, subject_id, created_at, id);
CREATE INDEX processing_jobs_due ON processing_jobs (due_at) WHERE due_at IS NOT NULL;
