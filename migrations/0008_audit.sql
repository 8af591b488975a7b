-- Who did what, to what, and with what outcome. Entries are never changed or removed; they hold ids and keyed hashes only,
-- so that nothing in them tells of a person whose account is gone. For the same reason nothing here refers to users.
CREATE TABLE audit_logs (
  -- Counts without gaps, also after entries were removed: what is missing shows.
  seq INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  id TEXT NOT NULL CHECK (length(id) = 36),
  created_at INTEGER NOT NULL,
  actor_type TEXT NOT NULL,
  -- The user who acted, or for whom a job did.
  actor_id TEXT,
  -- The session, API key or job by which they did.
  credential_id TEXT,
  -- Whose account it concerns, which need not be the actor's.
  account_id TEXT,
  action TEXT NOT NULL,
  object_type TEXT,
  object_id TEXT,
  outcome TEXT NOT NULL,
  error_code TEXT,
  request_id TEXT NOT NULL,
  -- Keyed hash.
  address TEXT,
  -- Kind of program, from a fixed list.
  client TEXT,
  -- Whether it shows in the account's own security history.
  is_security INTEGER NOT NULL CHECK (is_security IN (0, 1)),
  details TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(details) AND length(details) <= 1000)
) STRICT;
CREATE UNIQUE INDEX audit_logs_id ON audit_logs (id);
CREATE INDEX audit_logs_request_id ON audit_logs (request_id);
CREATE INDEX audit_logs_action ON audit_logs (action);
CREATE INDEX audit_logs_actor_id ON audit_logs (actor_id) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_logs_object_id ON audit_logs (object_id) WHERE object_id IS NOT NULL;
CREATE INDEX audit_logs_outcome ON audit_logs (outcome) WHERE outcome <> 'succeeded';
CREATE INDEX audit_logs_security ON audit_logs (account_id) WHERE is_security = 1;

CREATE TRIGGER audit_logs_stay BEFORE DELETE ON audit_logs BEGIN
  SELECT RAISE(ABORT, 'audit_logs is append-only');
END;
CREATE TRIGGER audit_logs_stay_the_same BEFORE UPDATE ON audit_logs BEGIN
  SELECT RAISE(ABORT, 'audit_logs is append-only');
END;
-- Nothing is put between entries, nor in the place of one. A number that is not given is -1 here.
CREATE TRIGGER audit_logs_grow_at_the_end BEFORE INSERT ON audit_logs
WHEN NEW.seq > 0 AND EXISTS (SELECT 1 FROM audit_logs WHERE seq >= NEW.seq) BEGIN
  SELECT RAISE(ABORT, 'audit_logs is append-only');
END;

-- The chain over the entries: each hash covers its entry and the hash before it. Computed by the Worker, for D1 cannot.
CREATE TABLE audit_seals (
  seq INTEGER PRIMARY KEY NOT NULL,
  hash TEXT NOT NULL CHECK (length(hash) = 64),
  created_at INTEGER NOT NULL
) STRICT;
CREATE TRIGGER audit_seals_stay BEFORE DELETE ON audit_seals BEGIN
  SELECT RAISE(ABORT, 'audit_seals is append-only');
END;
CREATE TRIGGER audit_seals_stay_the_same BEFORE UPDATE ON audit_seals BEGIN
  SELECT RAISE(ABORT, 'audit_seals is append-only');
END;
CREATE TRIGGER audit_seals_grow_at_the_end BEFORE INSERT ON audit_seals
WHEN EXISTS (SELECT 1 FROM audit_seals WHERE seq >= NEW.seq) BEGIN
  SELECT RAISE(ABORT, 'audit_seals is append-only');
END;
