import { sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { id, timestamp, timestamps, version } from '../../../db/columns.ts';

export const oauthAccounts = sqliteTable('oauth_accounts', {
  id: id(),
  ownerId: text('user_id').notNull(),
  provider: text('provider').notNull(),
  providerAccountId: text('provider_account_id').notNull(),
  email: text('email'),
  sealedTokens: text('sealed_tokens').notNull(),
  tokensExpireAt: timestamp('tokens_expire_at'),
  scope: text('scope'),
  version: version(),
  ...timestamps(),
});

export const oauthStates = sqliteTable('oauth_states', {
  id: id(),
  stateHash: text('state_hash').notNull(),
  browserHash: text('browser_hash').notNull(),
  provider: text('provider').notNull(),
  sealedSecrets: text('sealed_secrets').notNull(),
  intent: text('intent', { enum: ['login', 'link'] }).notNull(),
  userId: text('user_id'),
  sessionId: text('session_id'),
  redirectUri: text('redirect_uri'),
  codeChallenge: text('code_challenge'),
  expiresAt: timestamp('expires_at').notNull(),
  usedAt: timestamp('used_at'),
  createdAt: timestamp('created_at').notNull(),
});

export const oauthCodes = sqliteTable('oauth_codes', {
  id: id(),
  ownerId: text('user_id').notNull(),
  codeHash: text('code_hash').notNull(),
  codeChallenge: text('code_challenge'),
  expiresAt: timestamp('expires_at').notNull(),
  usedAt: timestamp('used_at'),
  createdAt: timestamp('created_at').notNull(),
});

export type OauthAccount = typeof oauthAccounts.$inferSelect;
export type OauthState = typeof oauthStates.$inferSelect;
export type OauthCode = typeof oauthCodes.$inferSelect;
