-- Who chose how a document is read, and what the rules would have it read as.
ALTER TABLE documents ADD COLUMN profile_chosen_by TEXT NOT NULL DEFAULT 'rules';
-- Profile, confidence and reasons; null until the file has been read with rules.
ALTER TABLE documents ADD COLUMN profile_proposal TEXT CHECK (profile_proposal IS NULL OR json_valid(profile_proposal));

-- Nobody but a user chose anything else so far.
UPDATE documents SET profile_chosen_by = 'user' WHERE profile <> 'general';
