-- What a job has done so far: its steps with their times and counts.
ALTER TABLE processing_jobs ADD COLUMN steps TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(steps));

-- Jobs as administrators look for them. Most have succeeded, and need no index of their status.
CREATE INDEX processing_jobs_created ON processing_jobs (created_at, id);
CREATE INDEX processing_jobs_type ON processing_jobs (type, created_at, id);
CREATE INDEX processing_jobs_status ON processing_jobs (status, created_at, id) WHERE status <> 'succeeded';
CREATE INDEX processing_jobs_error ON processing_jobs (error_code, created_at, id) WHERE error_code IS NOT NULL;

-- The next job of an owner, and the attempts that are under way.
CREATE INDEX processing_jobs_turn ON processing_jobs (owner_id, status, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX processing_jobs_leases ON processing_jobs (due_at) WHERE status = 'running';

-- Whose turn it is: a row for each owner who has ever had a job. The triggers below count anew from the jobs themselves,
-- whoever changes those.
CREATE TABLE job_turns (
  owner_id TEXT PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- Jobs that somebody holds. A batch runs while its items do, and is held by nobody.
  running INTEGER NOT NULL DEFAULT 0 CHECK (running >= 0),
  -- When the first of the owner's queued jobs may be taken; null when none is queued.
  due_at INTEGER,
  -- When a job of the owner was last taken; a millisecond more for each one that was taken within the same. Never a second
  -- in the future, where a clock may have been that was set back.
  served_at INTEGER NOT NULL DEFAULT 0,
  -- Since when the owner waits, which is the later of the two. Null when nothing is queued.
  turn_at INTEGER,
  -- Whether messages that woke the owner's jobs found no place for them, or were lost: then each job that ends wakes
  -- another one.
  needs_waking INTEGER NOT NULL DEFAULT 0 CHECK (needs_waking IN (0, 1))
) STRICT;
CREATE INDEX job_turns_order ON job_turns (running, turn_at, due_at);
CREATE INDEX job_turns_needs_waking ON job_turns (due_at) WHERE needs_waking = 1;
CREATE INDEX job_turns_waiting ON job_turns (turn_at) WHERE turn_at IS NOT NULL;

INSERT INTO job_turns (owner_id, running, due_at, turn_at, needs_waking)
SELECT owner_id, sum(lease_token IS NOT NULL), min(iif(status = 'queued', due_at, NULL)),
  min(iif(status = 'queued', due_at, NULL)), max(status = 'queued')
FROM processing_jobs WHERE due_at IS NOT NULL GROUP BY owner_id;

CREATE TRIGGER job_turns_insert AFTER INSERT ON processing_jobs WHEN new.due_at IS NOT NULL BEGIN
  INSERT INTO job_turns (owner_id, running, due_at, turn_at)
  VALUES (
    new.owner_id,
    (SELECT count(*) FROM processing_jobs
      WHERE owner_id = new.owner_id AND status = 'running' AND due_at IS NOT NULL AND lease_token IS NOT NULL),
    (SELECT min(due_at) FROM processing_jobs WHERE owner_id = new.owner_id AND status = 'queued' AND due_at IS NOT NULL),
    iif(new.status = 'queued', new.due_at, NULL)
  )
  ON CONFLICT (owner_id) DO UPDATE SET running = excluded.running, due_at = excluded.due_at,
    served_at = min(served_at, new.updated_at + 900),
    turn_at = max(excluded.due_at, min(served_at, new.updated_at + 900));
END;

CREATE TRIGGER job_turns_update AFTER UPDATE OF status, due_at, lease_token ON processing_jobs
WHEN new.status <> old.status OR new.lease_token IS NOT old.lease_token
  OR (new.status = 'queued' AND new.due_at <> old.due_at) BEGIN
  INSERT INTO job_turns (owner_id, running, due_at, served_at, turn_at)
  VALUES (
    new.owner_id,
    (SELECT count(*) FROM processing_jobs
      WHERE owner_id = new.owner_id AND status = 'running' AND due_at IS NOT NULL AND lease_token IS NOT NULL),
    (SELECT min(due_at) FROM processing_jobs WHERE owner_id = new.owner_id AND status = 'queued' AND due_at IS NOT NULL),
    iif(new.lease_token IS NULL, 0, new.updated_at),
    iif(new.status = 'queued', new.due_at, NULL)
  )
  ON CONFLICT (owner_id) DO UPDATE SET running = excluded.running, due_at = excluded.due_at,
    served_at = max(excluded.served_at, min(served_at, new.updated_at + 900) + (excluded.served_at > 0)),
    turn_at = max(
      excluded.due_at, excluded.served_at, min(served_at, new.updated_at + 900) + (excluded.served_at > 0)
    ),
    needs_waking = needs_waking AND excluded.due_at IS NOT NULL;
END;

-- Never a new row: its owner may be going as well.
CREATE TRIGGER job_turns_delete AFTER DELETE ON processing_jobs WHEN old.due_at IS NOT NULL BEGIN
  UPDATE job_turns SET
    running = (SELECT count(*) FROM processing_jobs
      WHERE owner_id = old.owner_id AND status = 'running' AND due_at IS NOT NULL AND lease_token IS NOT NULL),
    due_at = (SELECT min(due_at) FROM processing_jobs
      WHERE owner_id = old.owner_id AND status = 'queued' AND due_at IS NOT NULL),
    turn_at = max(served_at, (SELECT min(due_at) FROM processing_jobs
      WHERE owner_id = old.owner_id AND status = 'queued' AND due_at IS NOT NULL))
  WHERE owner_id = old.owner_id;
END;

-- Messages of the queue that came to nothing: nobody could read them, or whoever was given them died each time.
CREATE TABLE dead_letters (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  -- As the queue names it: the same message is kept once.
  message_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  -- What the message said, as JSON; the beginning of it where it is long.
  body TEXT NOT NULL,
  -- How often it was given to somebody.
  attempts INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX dead_letters_message ON dead_letters (message_id);
CREATE INDEX dead_letters_created ON dead_letters (created_at, id);
