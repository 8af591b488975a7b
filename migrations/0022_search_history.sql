-- The history of searches, complete: who asked by which credential, and what people made of the results.
ALTER TABLE queries ADD COLUMN session_id TEXT;
-- The question as others are compared with it: one case, one width, single spaces.
ALTER TABLE queries ADD COLUMN text_key TEXT NOT NULL DEFAULT '';
UPDATE queries SET text_key = lower(trim(query_text));
CREATE INDEX queries_created ON queries (created_at, id);

-- Results that somebody opened or judged. A passage, or with an empty chunk_id the document.
CREATE TABLE query_results (
  query_id TEXT NOT NULL REFERENCES queries (id) ON DELETE CASCADE,
  document_id TEXT NOT NULL,
  chunk_id TEXT NOT NULL DEFAULT '',
  owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- Where it stood, from 1.
  rank INTEGER CHECK (rank > 0),
  clicked_at INTEGER,
  relevance_score REAL CHECK (relevance_score BETWEEN 0 AND 1),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (query_id, document_id, chunk_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX query_results_document ON query_results (owner_id, document_id);

CREATE TABLE saved_searches (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  -- The body of POST /v1/search, and the version of its form.
  request TEXT NOT NULL CHECK (json_valid(request)),
  request_version INTEGER NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX saved_searches_name ON saved_searches (owner_id, name_key);
CREATE INDEX saved_searches_created ON saved_searches (owner_id, created_at, id);

-- How much was searched by day, by everybody: numbers only, which stay when the searches go.
CREATE TABLE search_days (
  -- Days since 1970, UTC.
  day INTEGER NOT NULL,
  query_type TEXT NOT NULL,
  searches INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  -- That found nothing.
  empty INTEGER NOT NULL DEFAULT 0,
  isolate_hits INTEGER NOT NULL DEFAULT 0,
  kv_hits INTEGER NOT NULL DEFAULT 0,
  kv_misses INTEGER NOT NULL DEFAULT 0,
  kv_failures INTEGER NOT NULL DEFAULT 0,
  response_time_ms REAL NOT NULL DEFAULT 0,
  PRIMARY KEY (day, query_type)
) STRICT, WITHOUT ROWID;
