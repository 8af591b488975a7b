-- Files that arrive over several requests. The row says how much of one has arrived for good; the bytes lie in the
-- archive: whole parts, and a rest that is less than a part.
CREATE TABLE uploads (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  status TEXT NOT NULL DEFAULT 'receiving',
  filename TEXT NOT NULL,
  media_type TEXT NOT NULL,
  -- What its sender said of the file, as they said it (the header Upload-Metadata).
  metadata TEXT NOT NULL DEFAULT '',
  size_bytes INTEGER NOT NULL CHECK (size_bytes >= 1),
  received_bytes INTEGER NOT NULL DEFAULT 0 CHECK (received_bytes BETWEEN 0 AND size_bytes),
  part_bytes INTEGER NOT NULL CHECK (part_bytes >= 1),
  -- The archive's name for the parts; null when nothing is kept of them any more.
  parts_id TEXT,
  -- The number that the next part gets, and the one behind those that the present request may use: a request that takes
  -- over from one that was cut off leaves those alone, for that one may still be storing something.
  next_part INTEGER NOT NULL DEFAULT 1 CHECK (next_part >= 1),
  reserved_part INTEGER NOT NULL DEFAULT 1 CHECK (reserved_part >= next_part),
  -- The object with the bytes behind the last whole part.
  rest_id TEXT,
  -- Names the request that may add bytes; writes of any other change nothing.
  writer TEXT,
  -- The folder of the bytes in the archive, once they are a document.
  content_id TEXT NOT NULL CHECK (length(content_id) = 36),
  -- The document that it became. No foreign key: the record may outlive it.
  document_id TEXT,
  attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  expires_at INTEGER NOT NULL,
  -- When the clock has to do something about it.
  due_at INTEGER NOT NULL,
  version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX uploads_owner_created ON uploads (owner_id, created_at, id);
CREATE INDEX uploads_owner_status ON uploads (owner_id, status);
CREATE INDEX uploads_due ON uploads (due_at);

-- Their parts, as the archive must be told of them when a file is put together.
CREATE TABLE upload_parts (
  upload_id TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
  number INTEGER NOT NULL CHECK (number BETWEEN 1 AND 10000),
  owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  tag TEXT NOT NULL,
  PRIMARY KEY (upload_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX upload_parts_owner ON upload_parts (owner_id);
