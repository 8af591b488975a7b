ALTER TABLE api_keys DROP COLUMN requests_per_minute;
