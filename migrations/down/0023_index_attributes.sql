DROP INDEX documents_unsent;
ALTER TABLE documents DROP COLUMN unsent_attributes;
