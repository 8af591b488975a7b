-- What is known of a document beyond its text: one row for each thing that was looked for, each analyser that looked, and
-- each version of the bytes. The newest of each type is the current one.
CREATE TABLE analysis_results (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
  -- Which upload of the document's bytes it is about.
  content_id TEXT NOT NULL CHECK (length(content_id) = 36),
  type TEXT NOT NULL,
  -- Name and version of what analysed.
  analyser TEXT NOT NULL,
  -- The hosted model that it asked, if it did.
  model TEXT,
  status TEXT NOT NULL,
  result TEXT CHECK (result IS NULL OR json_valid(result)),
  -- Why there is no result, in words for the owner.
  reason TEXT,
  is_current INTEGER NOT NULL DEFAULT 0 CHECK (is_current IN (0, 1)),
  -- The use of a model that it waits for, and when the clock looks again. Null when it waits for nothing.
  awaits TEXT,
  due_at INTEGER,
  -- How often a model was asked in vain.
  tries INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX analysis_results_owner ON analysis_results (owner_id);
CREATE INDEX analysis_results_document ON analysis_results (document_id, created_at, id);
CREATE UNIQUE INDEX analysis_results_current ON analysis_results (document_id, type) WHERE is_current = 1;
CREATE INDEX analysis_results_awaiting ON analysis_results (awaits, due_at) WHERE awaits IS NOT NULL;
