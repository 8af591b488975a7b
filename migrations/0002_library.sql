-- What people own: documents, and how they file them. Content lives in the archive, never here.
CREATE TABLE documents (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  title TEXT NOT NULL,
  -- Whether a person chose the title: then reading the file does not replace it.
  title_is_given INTEGER NOT NULL DEFAULT 0 CHECK (title_is_given IN (0, 1)),
  filename TEXT NOT NULL,
  media_type TEXT NOT NULL,
  -- What the bytes are; null until they have been looked at.
  kind TEXT,
  profile TEXT NOT NULL DEFAULT 'general',
  status TEXT NOT NULL DEFAULT 'pending',
  error_code TEXT,
  error_message TEXT,
  language TEXT,
  size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
  sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
  -- Counts the uploads of this document's bytes.
  content_version INTEGER NOT NULL DEFAULT 1 CHECK (content_version >= 1),
  -- Names the folder of the present bytes in the archive: a new one for each upload, so that two never share it.
  content_id TEXT NOT NULL CHECK (length(content_id) = 36),
  page_count INTEGER CHECK (page_count >= 0),
  chunk_count INTEGER NOT NULL DEFAULT 0 CHECK (chunk_count >= 0),
  -- Set by the person or app that uploaded it.
  metadata TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(metadata)),
  -- Read from the file.
  extracted_metadata TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(extracted_metadata)),
  -- Counts the changes that the index must follow; the index keeps the last one it has applied.
  revision INTEGER NOT NULL DEFAULT 1 CHECK (revision >= 1),
  version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;
CREATE INDEX documents_owner_created ON documents (owner_id, created_at, id);
CREATE INDEX documents_owner_updated ON documents (owner_id, updated_at, id);
CREATE INDEX documents_owner_title ON documents (owner_id, title, id);
CREATE INDEX documents_owner_size ON documents (owner_id, size_bytes, id);
CREATE INDEX documents_owner_status ON documents (owner_id, status, created_at, id);
CREATE INDEX documents_owner_sha256 ON documents (owner_id, sha256);
CREATE INDEX documents_trash ON documents (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE collections (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  parent_id TEXT REFERENCES collections (id) ON DELETE CASCADE CHECK (parent_id <> id),
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  description TEXT,
  colour TEXT,
  icon TEXT,
  version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;
CREATE INDEX collections_owner_created ON collections (owner_id, created_at, id);
CREATE INDEX collections_owner_name ON collections (owner_id, name, id);
CREATE INDEX collections_parent ON collections (parent_id) WHERE parent_id IS NOT NULL;
CREATE UNIQUE INDEX collections_sibling_name ON collections (owner_id, coalesce(parent_id, ''), lower(name))
  WHERE deleted_at IS NULL;

CREATE TABLE collection_items (
  collection_id TEXT NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
  document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
  owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (collection_id, document_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX collection_items_document ON collection_items (document_id);
CREATE INDEX collection_items_owner ON collection_items (owner_id);

CREATE TABLE tags (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  -- The name folded for comparison: unique per owner.
  name_key TEXT NOT NULL,
  colour TEXT,
  version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX tags_owner_name_key ON tags (owner_id, name_key);
CREATE INDEX tags_owner_created ON tags (owner_id, created_at, id);

CREATE TABLE document_tags (
  document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
  tag_id TEXT NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
  owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (document_id, tag_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX document_tags_tag ON document_tags (tag_id);
CREATE INDEX document_tags_owner ON document_tags (owner_id);
