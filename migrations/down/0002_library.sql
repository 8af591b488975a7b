DROP TABLE document_tags;
DROP TABLE tags;
DROP TABLE collection_items;
DROP TABLE collections;
DROP TABLE documents;
