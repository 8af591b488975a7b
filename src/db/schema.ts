/** Every table, for tools that need all of them: the drift test, back-ups, deletion of accounts. */
export * from '../modules/analyses/analyses.table.ts';
export * from '../modules/audit/audit.table.ts';
export * from '../modules/erasure/erasure.table.ts';
export * from '../modules/idempotency/idempotency.table.ts';
export * from '../modules/identity/factors/factors.table.ts';
export * from '../modules/identity/identity.table.ts';
export * from '../modules/identity/oauth/oauth.table.ts';
export * from '../modules/ingestion/dead-letters.table.ts';
export * from '../modules/ingestion/ingestion.table.ts';
export * from '../modules/ingestion/job-turns.table.ts';
export * from '../modules/library/duplicates.table.ts';
export * from '../modules/library/library.table.ts';
export * from '../modules/library/versions.table.ts';
export * from '../modules/limits/limits.table.ts';
export * from '../modules/resources/resources.table.ts';
export * from '../modules/search/search.table.ts';
export * from '../modules/settings/settings.table.ts';
