-- What indexes have learned to filter by is sent to them, slice by slice, for documents that are there already: how often
-- that has been tried, counted from one; zero once it is done.
ALTER TABLE documents ADD COLUMN unsent_attributes INTEGER NOT NULL DEFAULT 0 CHECK (unsent_attributes >= 0);
UPDATE documents SET unsent_attributes = 1;
CREATE INDEX documents_unsent ON documents (unsent_attributes) WHERE unsent_attributes > 0;
