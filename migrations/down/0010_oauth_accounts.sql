DROP TABLE oauth_codes;
DROP TABLE oauth_states;
DROP TABLE oauth_accounts;
