DROP TABLE fingerprint_bands;
DROP TABLE document_fingerprints;
DROP TABLE document_versions;
ALTER TABLE documents DROP COLUMN content_restored_from;
ALTER TABLE documents DROP COLUMN content_key_id;
ALTER TABLE documents DROP COLUMN content_at;
