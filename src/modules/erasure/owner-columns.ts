import * as schema from '../../db/schema.ts';

/**
 * Every column that says whose a row is, in the order in which an erasure empties the tables: credentials and jobs first,
 * and what refers to others before them. A new table needs a line here, or one below with the reason why it is kept.
 */
export const OWNER_COLUMNS = [
  schema.userSessions.ownerId,
  schema.apiKeys.ownerId,
  schema.verifications.ownerId,
  schema.loginTickets.ownerId,
  schema.passkeyChallenges.ownerId,
  schema.passkeys.ownerId,
  schema.recoveryCodes.ownerId,
  schema.twoFactors.ownerId,
  schema.oauthCodes.ownerId,
  schema.oauthStates.userId,
  schema.oauthAccounts.ownerId,
  schema.limitEvents.userId,
  schema.userTerms.userId,
  schema.idempotencyKeys.ownerId,
  schema.processingJobs.ownerId,
  schema.jobTurns.ownerId,
  schema.queryResults.ownerId,
  schema.queries.ownerId,
  schema.savedSearches.ownerId,
  schema.analysisResults.ownerId,
  schema.resources.ownerId,
  schema.documentTags.ownerId,
  schema.collectionItems.ownerId,
  schema.fingerprintBands.ownerId,
  schema.documentFingerprints.ownerId,
  schema.documentVersions.ownerId,
  schema.tags.ownerId,
  schema.collections.ownerId,
  schema.uploadParts.ownerId,
  schema.uploads.ownerId,
  schema.documents.ownerId,
];

/** Tables that an erasure passes over, and why. `users` itself goes last. */
export const KEPT_TABLES: Record<string, string> = {
  users: 'The row goes by itself when everything else has gone: from then on nothing can be stored for the user.',
  erasures: 'The proof of the erasure. It names nobody: its subject is sealed, and dropped after the last look.',
  audit_logs: 'Entries are never removed. They hold ids and keyed hashes only, and nothing that tells of a person.',
  audit_seals: 'Hashes of those.',
  system_settings: 'The installation’s. Who changed one last is forgotten with the row of the user.',
  user_statistics: 'Numbers of accounts.',
  search_days: 'Numbers of everybody’s searches by day.',
  dead_letters: 'Messages of the queue that came to nothing, for a month: ids of jobs that are gone.',
};
