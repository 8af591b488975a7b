import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { z } from 'zod';
import { id, json, ownerId, timestamp, timestamps, version } from '../../db/columns.ts';
import { SCOPES } from '../../shared/actor.ts';
import { PICTURE_TYPES } from './picture.ts';

const avatarSchema = z.object({
  /** Names its object in the archive: a new one for each picture. */
  id: z.string(),
  mediaType: z.enum(PICTURE_TYPES),
  sizeBytes: z.number(),
  width: z.number(),
  height: z.number(),
});

export const THEMES = ['system', 'light', 'dark'] as const;

export const users = sqliteTable('users', {
  id: id(),
  email: text('email').notNull(),
  emailKey: text('email_key').notNull(),
  username: text('username').notNull(),
  usernameKey: text('username_key').notNull(),
  passwordHash: text('password_hash').notNull(),
  fullName: text('full_name'),
  role: text('role', { enum: ['user', 'admin'] })
    .notNull()
    .default('user'),
  status: text('status', { enum: ['active', 'deactivated', 'erasing'] })
    .notNull()
    .default('active'),
  loginCount: integer('login_count').notNull().default(0),
  lastLoginAt: timestamp('last_login_at'),
  version: version(),
  ...timestamps(),
  emailVerifiedAt: timestamp('email_verified_at'),
  twoFactorEnabledAt: timestamp('two_factor_enabled_at'),
  deactivatedAt: timestamp('deactivated_at'),
  reactivatedAt: timestamp('reactivated_at'),
  lastActiveOn: text('last_active_on'),
  requestLimitPerMinute: integer('request_limit_per_minute'),
  requestLimitPerHour: integer('request_limit_per_hour'),
  bio: text('bio'),
  theme: text('theme', { enum: THEMES }).notNull().default('system'),
  locale: text('locale'),
  timeZone: text('time_zone'),
  preferredModel: text('preferred_model'),
  preferences: json('preferences', z.record(z.string(), z.json())).notNull().default({}),
  avatar: json('avatar', avatarSchema),
  deactivatedBy: text('deactivated_by', { enum: ['owner', 'admin'] }),
  usernameSkeleton: text('username_skeleton'),
});

/** Kept by triggers: what an account can be found by, in lower case. */
export const userTerms = sqliteTable(
  'user_terms',
  { term: text('term').notNull(), userId: text('user_id').notNull() },
  (table) => [primaryKey({ columns: [table.term, table.userId] })],
);

/** Kept by triggers: numbers of accounts. */
export const userStatistics = sqliteTable(
  'user_statistics',
  {
    kind: text('kind', { enum: ['status', 'role', 'email', 'created', 'active'] }).notNull(),
    key: text('key').notNull(),
    total: integer('total').notNull(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.key] })],
);

export const userSessions = sqliteTable('user_sessions', {
  id: id(),
  ownerId: text('user_id').notNull(),
  accessTokenHash: text('access_token_hash').notNull(),
  accessExpiresAt: timestamp('access_expires_at').notNull(),
  refreshTokenHash: text('refresh_token_hash').notNull(),
  previousRefreshTokenHash: text('previous_refresh_token_hash'),
  refreshExpiresAt: timestamp('refresh_expires_at').notNull(),
  userAgent: text('user_agent'),
  version: version(),
  ...timestamps(),
  deviceName: text('device_name'),
  addressHash: text('address_hash'),
  lastUsedAt: timestamp('last_used_at'),
  refreshedAt: timestamp('refreshed_at'),
  absoluteExpiresAt: timestamp('absolute_expires_at'),
  sealedTokens: text('sealed_tokens'),
  refreshFamilyHash: text('refresh_family_hash'),
});

export const apiKeys = sqliteTable('api_keys', {
  id: id(),
  ownerId: ownerId(),
  name: text('name').notNull(),
  prefix: text('prefix').notNull(),
  keyHash: text('key_hash').notNull(),
  scopes: json('scopes', z.array(z.enum(SCOPES))).notNull(),
  expiresAt: timestamp('expires_at'),
  lastUsedAt: timestamp('last_used_at'),
  version: version(),
  ...timestamps(),
  requestsPerMinute: integer('requests_per_minute'),
  rotatedFrom: text('rotated_from'),
  replacedBy: text('replaced_by'),
});

export const verifications = sqliteTable('verifications', {
  id: id(),
  ownerId: text('user_id').notNull(),
  purpose: text('purpose', { enum: ['email_verification', 'password_reset', 'email_change'] }).notNull(),
  tokenHash: text('token_hash').notNull(),
  email: text('email').notNull(),
  expiresAt: timestamp('expires_at').notNull(),
  usedAt: timestamp('used_at'),
  sentAt: timestamp('sent_at'),
  attempts: integer('attempts').notNull().default(0),
  createdAt: timestamp('created_at').notNull(),
  reason: text('reason', { enum: ['forced', 'invitation'] }),
});

export type User = typeof users.$inferSelect;
export type Avatar = z.output<typeof avatarSchema>;
export type Session = typeof userSessions.$inferSelect;
export type ApiKey = typeof apiKeys.$inferSelect;
export type Verification = typeof verifications.$inferSelect;
