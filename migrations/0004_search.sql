-- One history of what was asked: searches now, questions as well.
CREATE TABLE queries (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  query_text TEXT NOT NULL,
  query_type TEXT NOT NULL,
  -- How it was asked: filters, weights, word matching.
  context TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(context)),
  status TEXT NOT NULL,
  error_message TEXT,
  response_time_ms REAL NOT NULL CHECK (response_time_ms >= 0),
  result_count INTEGER NOT NULL CHECK (result_count >= 0),
  document_ids TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(document_ids)),
  cache_hit INTEGER NOT NULL DEFAULT 0 CHECK (cache_hit IN (0, 1)),
  relevance_score REAL CHECK (relevance_score BETWEEN 0 AND 1),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX queries_owner_created ON queries (owner_id, created_at, id);
