/** Every table, for tools that need all of them: the drift test, back-ups, deletion of accounts. */
export * from '../modules/erasure/erasure.table.ts';
export * from '../modules/idempotency/idempotency.table.ts';
export * from '../modules/identity/identity.table.ts';
export * from '../modules/ingestion/ingestion.table.ts';
export * from '../modules/library/library.table.ts';
export * from '../modules/search/search.table.ts';
