import { z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../http/pagination.ts';
import { parseTime } from '../../shared/time.ts';
import { BREAK_REASONS } from './chain.ts';

const EXAMPLE_ID = '0199c0de-0000-7000-8000-000000000001';
const EXAMPLE_TIME = '2026-11-22T09:30:00.000Z';
const EXAMPLE_HASH = '5f'.repeat(32);

export const ACTOR_TYPES = ['user', 'api_key', 'job', 'anonymous'] as const;
export const OUTCOMES = ['succeeded', 'refused', 'failed'] as const;

const name = z.string().regex(/^[\w.:-]{1,100}$/, 'It must be 1 to 100 letters, digits, dots, colons, _ or -.');
const time = z.iso.datetime({ offset: true }).transform(parseTime).optional();
const instant = (description: string) =>
  time.openapi({ type: 'string', format: 'date-time', example: EXAMPLE_TIME, description });

const filter = z.object({
  actorId: z.uuid().optional().openapi({ description: 'The user who acted, by a session, a key or a job.' }),
  action: name.optional().openapi({ example: 'auth.login', description: 'The whole name of an action.' }),
  actionPrefix: name.optional().openapi({ example: 'auth.', description: 'How the name of the action begins.' }),
  objectId: name.optional().openapi({ example: EXAMPLE_ID, description: 'What it was done to.' }),
  outcome: z.enum(OUTCOMES).optional(),
  requestId: name.optional().openapi({ description: 'The `X-Request-Id` of the request.' }),
  from: instant('Not before this time.'),
  to: instant('Not after this time.'),
});

const page = pageQuery(['seq']).pick({ limit: true, cursor: true });

export const listAuditQuery = page.extend(filter.shape);
export const securityEventsQuery = page;
export const exportAuditQuery = filter.extend({
  format: z.enum(['ndjson', 'csv']).default('ndjson').openapi({ example: 'ndjson' }),
});

const MAX_VERIFIED = 2_000;

export const verifyAuditQuery = z.object({
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0).openapi({
    example: 0,
    description: 'Where to begin: `nextAfter` of the answer before.',
  }),
  limit: z.coerce.number().int().min(1).max(MAX_VERIFIED).default(MAX_VERIFIED).openapi({
    example: MAX_VERIFIED,
    description: 'How many numbers to look at.',
  }),
  anchor: z
    .string()
    .regex(/^[1-9]\d{0,14}:[\da-f]{64}$/, 'It must be `seq:hash`.')
    .transform((text) => ({ seq: Number(text.split(':')[0]), hash: text.split(':')[1] ?? '' }))
    .optional()
    .openapi({
      type: 'string',
      example: `12:${EXAMPLE_HASH}`,
      description: 'A `head` that was noted earlier, outside of the database: it must still be in the chain.',
    }),
});

const timestamp = z.iso.datetime().openapi({ example: EXAMPLE_TIME });
const optionalText = (example: string, description: string) => z.string().nullable().openapi({ example, description });

const entryFields = z.object({
  seq: z.number().int().openapi({ example: 12, description: 'Counts without gaps.' }),
  id: z.uuid().openapi({ example: EXAMPLE_ID }),
  at: timestamp,
  actorType: z.enum(ACTOR_TYPES),
  actorId: optionalText(EXAMPLE_ID, 'The user who acted, or for whom a job did.'),
  credentialId: optionalText(EXAMPLE_ID, 'The session, API key or job by which they did.'),
  accountId: optionalText(EXAMPLE_ID, 'Whose account it concerns.'),
  action: z.string().openapi({ example: 'auth.login', description: 'The name of the operation, or of a job’s work.' }),
  objectType: optionalText('document', 'What it was done to.'),
  objectId: optionalText(EXAMPLE_ID, 'Its id. Of a login: a keyed hash of the name that was given.'),
  outcome: z.enum(OUTCOMES),
  errorCode: optionalText('invalid_credentials', 'Why not.'),
  requestId: z.string().openapi({ example: EXAMPLE_ID }),
  address: optionalText('9c'.repeat(16), 'A keyed hash of where it came from.'),
  client: optionalText('Firefox on Linux', 'The kind of program that asked.'),
  isSecurity: z.boolean().openapi({ description: 'Whether the account’s security history shows it.' }),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).openapi({ example: {} }),
});

export const auditEntrySchema = entryFields
  .extend({
    previousHash: z.string().nullable().openapi({ example: EXAMPLE_HASH, description: 'Of the entry before.' }),
    hash: z
      .string()
      .nullable()
      .openapi({
        example: EXAMPLE_HASH,
        description:
          'SHA-256 of `previousHash`, a line feed, and the JSON array, without spaces, of the values from `seq` to ' +
          '`details` in this order. Null for the minute before it is sealed.',
      }),
  })
  .openapi('AuditEntry');

export const auditPageSchema = pageOf(auditEntrySchema, 'AuditPage');

export const verificationSchema = z
  .object({
    ok: z.boolean(),
    checkedTo: z.number().int().openapi({ description: 'The last number that was looked at.' }),
    entries: z.number().int().openapi({ description: 'Entries in this stretch.' }),
    unsealed: z.number().int().openapi({ description: 'Of those: so new that they wait for their seal.' }),
    problem: z
      .object({ seq: z.number().int(), reason: z.enum(BREAK_REASONS), detail: z.string() })
      .nullable()
      .openapi({ description: 'The first place where the log is not as it was sealed.' }),
    head: z
      .object({ seq: z.number().int(), hash: z.string() })
      .nullable()
      .openapi({ description: 'The newest seal. Note it elsewhere, and give it as `anchor` later.' }),
    nextAfter: z.number().int().nullable().openapi({ description: 'Where to go on; null at the end of the log.' }),
  })
  .openapi('AuditVerification', {
    example: {
      ok: true,
      checkedTo: 12,
      entries: 12,
      unsealed: 0,
      problem: null,
      head: { seq: 12, hash: EXAMPLE_HASH },
      nextAfter: null,
    },
  });

export const securityEventSchema = entryFields
  .pick({ id: true, at: true, action: true, outcome: true, errorCode: true, objectType: true })
  .extend({
    by: z.enum(['you', 'administrator', 'anonymous', 'job']).openapi({
      description: 'Who did it. `anonymous`: somebody who had not signed in.',
    }),
    credentialId: optionalText(EXAMPLE_ID, 'Your session or API key, if it was one.'),
    objectId: optionalText(EXAMPLE_ID, 'What it was done to.'),
    address: optionalText('9c'.repeat(16), 'A keyed hash: the same for the same address.'),
    client: optionalText('Firefox on Linux', 'The kind of program that asked.'),
    requestId: z.string().openapi({ example: EXAMPLE_ID }),
  })
  .openapi('SecurityEvent');

export const securityEventPageSchema = pageOf(securityEventSchema, 'SecurityEventPage');
