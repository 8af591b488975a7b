-- Where a document's present bytes come from. The bytes that it had before are rows of document_versions.
-- When they were handed in; null: with the document.
ALTER TABLE documents ADD COLUMN content_at INTEGER;
-- The API key that did it, which may be gone by now; null: its owner, in a session.
ALTER TABLE documents ADD COLUMN content_key_id TEXT;
-- The number of the version whose bytes they are, if they were brought back.
ALTER TABLE documents ADD COLUMN content_restored_from INTEGER;

CREATE TABLE document_versions (
  document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
  -- documents.content_version at its time.
  number INTEGER NOT NULL CHECK (number >= 1),
  owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- Names the folder of the bytes in the archive. Versions that were brought back share it with the one they came from.
  content_id TEXT NOT NULL CHECK (length(content_id) = 36),
  sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
  size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
  filename TEXT NOT NULL,
  media_type TEXT NOT NULL,
  key_id TEXT,
  restored_from INTEGER,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (document_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX document_versions_owner ON document_versions (owner_id);

-- By what a document's present content is told to be like others'.
CREATE TABLE document_fingerprints (
  id INTEGER PRIMARY KEY NOT NULL,
  document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
  owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  content_id TEXT NOT NULL CHECK (length(content_id) = 36),
  -- A MinHash signature, a perceptual hash, an acoustic fingerprint: each null where there is none.
  text_signature TEXT,
  image_hash TEXT,
  audio_fingerprint TEXT
) STRICT;
CREATE UNIQUE INDEX document_fingerprints_document ON document_fingerprints (document_id);
CREATE INDEX document_fingerprints_owner ON document_fingerprints (owner_id);

-- Pieces of fingerprints. Documents that are alike share some of them, others next to never.
CREATE TABLE fingerprint_bands (
  owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- What it is a piece of, its place there, and 32 bits of it, in one number.
  band INTEGER NOT NULL,
  fingerprint_id INTEGER NOT NULL REFERENCES document_fingerprints (id) ON DELETE CASCADE,
  PRIMARY KEY (owner_id, band, fingerprint_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX fingerprint_bands_fingerprint ON fingerprint_bands (fingerprint_id);
