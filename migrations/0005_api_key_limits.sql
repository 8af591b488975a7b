-- A limit of a key's own. Without one, the configured limit holds.
ALTER TABLE api_keys ADD COLUMN requests_per_minute INTEGER CHECK (requests_per_minute > 0);
