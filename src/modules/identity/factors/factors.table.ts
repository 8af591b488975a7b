import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { z } from 'zod';
import { id, json, ownerId, timestamp, timestamps, version } from '../../../db/columns.ts';

export const twoFactors = sqliteTable('two_factors', {
  id: id(),
  ownerId: ownerId(),
  secret: text('secret').notNull(),
  lastStep: integer('last_step').notNull().default(0),
  ...timestamps(),
});

export const recoveryCodes = sqliteTable(
  'recovery_codes',
  {
    ownerId: ownerId(),
    codeHash: text('code_hash').notNull(),
    usedAt: timestamp('used_at'),
    createdAt: timestamp('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.ownerId, table.codeHash] })],
);

export const loginTickets = sqliteTable('login_tickets', {
  id: id(),
  ownerId: ownerId(),
  ticketHash: text('ticket_hash').notNull(),
  passwordMark: text('password_mark').notNull(),
  expiresAt: timestamp('expires_at').notNull(),
  createdAt: timestamp('created_at').notNull(),
});

export const passkeys = sqliteTable('passkeys', {
  id: id(),
  ownerId: ownerId(),
  name: text('name').notNull(),
  credentialId: text('credential_id').notNull(),
  publicKey: text('public_key').notNull(),
  signCount: integer('sign_count').notNull(),
  transports: json('transports', z.array(z.string())).notNull(),
  backedUp: integer('backed_up', { mode: 'boolean' }).notNull(),
  lastUsedAt: timestamp('last_used_at'),
  version: version(),
  ...timestamps(),
});

export const passkeyChallenges = sqliteTable('passkey_challenges', {
  challenge: text('challenge').primaryKey(),
  ownerId: text('owner_id'),
  purpose: text('purpose', { enum: ['registration', 'login', 'second_factor'] }).notNull(),
  expiresAt: timestamp('expires_at').notNull(),
});

export type TwoFactor = typeof twoFactors.$inferSelect;
export type LoginTicket = typeof loginTickets.$inferSelect;
export type Passkey = typeof passkeys.$inferSelect;
export type PasskeyChallenge = typeof passkeyChallenges.$inferSelect;
