DROP INDEX processing_jobs_parent_status;
DROP INDEX processing_jobs_parent;
ALTER TABLE processing_jobs DROP COLUMN parent_id;
DROP INDEX documents_parent;
ALTER TABLE documents DROP COLUMN parent_document_id;
