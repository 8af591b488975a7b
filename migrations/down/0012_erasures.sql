DROP INDEX collections_trash;
DROP TABLE erasures;
