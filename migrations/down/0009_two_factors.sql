DROP TABLE passkey_challenges;
DROP TABLE passkeys;
DROP TABLE login_tickets;
DROP TABLE recovery_codes;
DROP TABLE two_factors;
ALTER TABLE users DROP COLUMN two_factor_enabled_at;
