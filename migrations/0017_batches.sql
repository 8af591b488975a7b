-- Documents that came out of others (attachments of a mail, entries of an archive), and jobs that belong together.
ALTER TABLE documents ADD COLUMN parent_document_id TEXT REFERENCES documents (id) ON DELETE SET NULL;
CREATE INDEX documents_parent ON documents (parent_document_id, created_at, id) WHERE parent_document_id IS NOT NULL;

-- The batch, or the job that made this one. No foreign key, as for what a job works on.
ALTER TABLE processing_jobs ADD COLUMN parent_id TEXT;
CREATE INDEX processing_jobs_parent ON processing_jobs (parent_id, created_at, id) WHERE parent_id IS NOT NULL;
-- Whether any item is open, and how many there are of each status, without reading the items.
CREATE INDEX processing_jobs_parent_status ON processing_jobs (parent_id, status) WHERE parent_id IS NOT NULL;
