DROP TABLE search_days;
DROP TABLE saved_searches;
DROP TABLE query_results;
DROP INDEX queries_created;
ALTER TABLE queries DROP COLUMN text_key;
ALTER TABLE queries DROP COLUMN session_id;
