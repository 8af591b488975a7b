DROP INDEX verifications_address;
DROP INDEX user_sessions_refresh_family_hash;
ALTER TABLE user_sessions DROP COLUMN refresh_family_hash;
