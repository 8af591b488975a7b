ALTER TABLE documents DROP COLUMN profile_proposal;
ALTER TABLE documents DROP COLUMN profile_chosen_by;
