import * as schema from '../../db/schema.ts';

/**
 * Every column that says whose a row is, in the order in which an erasure empties the tables: credentials and jobs first,
 * and what refers to others before them. A new table needs a line here, or one below with the reason why it is kept.
 */
export const OWNER_COLUMNS = [
  schema.userSessions.ownerId,
  schema.apiKeys.ownerId,
  schema.verifications.ownerId,
  schema.idempotencyKeys.ownerId,
  schema.processingJobs.ownerId,
  schema.queries.ownerId,
  schema.documentTags.ownerId,
  schema.collectionItems.ownerId,
  schema.tags.ownerId,
  schema.collections.ownerId,
  schema.documents.ownerId,
];

/** Tables that an erasure passes over, and why. `users` itself goes last. */
export const KEPT_TABLES: Record<string, string> = {
  users: 'The row goes by itself when everything else has gone: from then on nothing can be stored for the user.',
  erasures: 'The proof of the erasure. It names nobody: its subject is sealed, and dropped after the last look.',
};
