import { z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../http/pagination.ts';
import { SCOPES } from '../../shared/actor.ts';
import { parseTime } from '../../shared/time.ts';

const MAX_EMAIL_CHARS = 254;
const MIN_PASSWORD_CHARS = 8;
const MAX_PASSWORD_CHARS = 200;
const MAX_TOKEN_CHARS = 200;
const MAX_REQUESTS_PER_MINUTE = 1_000_000;
const EXAMPLE_ID = '0199c0de-0000-7000-8000-000000000001';
const EXAMPLE_TIME = '2026-11-22T09:30:00.000Z';

/** Text of people: no null characters, no half characters. */
export const text = (maxChars: number) =>
  z.string().max(maxChars).refine(isText, 'It contains a null character or half a surrogate pair.');

export const timestamp = z.iso.datetime().openapi({ example: EXAMPLE_TIME });
const email = z.email().max(MAX_EMAIL_CHARS).openapi({ example: 'ada@example.com' });
const username = z
  .string()
  .normalize('NFKC')
  .regex(/^[\p{L}\p{M}\p{N}._-]{3,40}$/u, 'It must be 3 to 40 letters, digits, dots, underscores or hyphens.')
  .openapi({ example: 'ada', description: 'Unique whatever its case.' });
const fullName = text(200).trim().min(1).nullable().openapi({ example: 'Ada Lovelace' });
const newPassword = text(MAX_PASSWORD_CHARS).min(MIN_PASSWORD_CHARS).openapi({
  example: 'correct horse battery staple',
  description: 'Not easy to guess, on no list of leaked ones, and without your username or e-mail address.',
});
export const password = text(MAX_PASSWORD_CHARS).min(1).openapi({ example: 'correct horse battery staple' });
const scopes = z.array(z.enum(SCOPES)).openapi({ example: ['documents:read', 'search:read'] });

export const registerBody = z
  .object({ email, username, password: newPassword, fullName: fullName.optional() })
  .openapi('Registration');

export const loginBody = z
  .object({
    identifier: text(MAX_EMAIL_CHARS).min(1).openapi({ example: 'ada', description: 'E-mail address or username.' }),
    password,
  })
  .openapi('Login');

export const refreshBody = z
  .object({ refreshToken: text(MAX_TOKEN_CHARS).min(1).openapi({ example: 'cpr_…' }) })
  .openapi('Refresh');

export const changePasswordBody = z.object({ currentPassword: password, newPassword }).openapi('PasswordChange');

export const deleteAccountBody = z
  .object({
    password: password.optional(),
    confirm: text(MAX_EMAIL_CHARS).min(1).optional().openapi({
      description: 'Your username, instead of the password that an account without one does not have.',
    }),
  })
  .strict()
  .refine(({ password, confirm }) => password !== undefined || confirm !== undefined, 'Give your password.')
  .openapi('AccountDeletion');

const mailedToken = (example: string) => text(MAX_TOKEN_CHARS).min(1).openapi({ example });

export const forgotPasswordBody = z.object({ email }).openapi('ForgottenPassword');

export const resetPasswordBody = z.object({ token: mailedToken('cpw_…'), newPassword }).openapi('PasswordReset');

export const verifyEmailBody = z.object({ token: mailedToken('cpv_…') }).openapi('EmailVerification');

export const changeAccountBody = z
  .object({
    fullName: fullName.optional(),
    version: z.number().int().positive().optional().openapi({ description: 'The version that you read.' }),
  })
  .strict()
  .refine(({ fullName }) => fullName !== undefined, 'Give at least one field to change.')
  .openapi('AccountChanges');

export const newApiKeyBody = z
  .object({
    name: text(100).trim().min(1).openapi({ example: 'Laptop' }),
    scopes: scopes
      .min(1)
      .max(SCOPES.length)
      .transform((given) => [...new Set(given)]),
    expiresAt: z.iso.datetime({ offset: true }).transform(parseTime).optional().openapi({
      type: 'string',
      format: 'date-time',
      example: '2027-11-22T09:30:00Z',
      description: 'Never, if absent.',
    }),
    requestsPerMinute: z.number().int().min(1).max(MAX_REQUESTS_PER_MINUTE).optional().openapi({
      example: 60,
      description: 'A limit of its own for this key, instead of the usual one.',
    }),
  })
  .openapi('NewApiKey');

export const acceptedSchema = z.object({ status: z.literal('accepted') }).openapi('Accepted');

export const userSchema = z
  .object({
    id: z.uuid().openapi({ example: EXAMPLE_ID }),
    email: z.string(),
    username: z.string(),
    fullName: z.string().nullable(),
    role: z.enum(['user', 'admin']),
    emailVerified: z.boolean(),
    emailVerifiedAt: timestamp.nullable(),
    twoFactorEnabled: z.boolean().openapi({ description: 'Whether logging in takes more than the password.' }),
    version: z.number().int(),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .openapi('User', {
    example: {
      id: EXAMPLE_ID,
      email: 'ada@example.com',
      username: 'ada',
      fullName: 'Ada Lovelace',
      role: 'user',
      emailVerified: true,
      emailVerifiedAt: EXAMPLE_TIME,
      twoFactorEnabled: false,
      version: 1,
      createdAt: EXAMPLE_TIME,
      updatedAt: EXAMPLE_TIME,
    },
  });

export const issuedSessionSchema = z
  .object({
    id: z.uuid().openapi({ example: EXAMPLE_ID }),
    accessToken: z.string().openapi({ example: 'cpa_…', description: 'For `Authorization: Bearer …`.' }),
    accessTokenExpiresAt: timestamp,
    refreshToken: z.string().openapi({ example: 'cpr_…', description: 'Good for one refresh.' }),
    refreshTokenExpiresAt: timestamp,
  })
  .openapi('IssuedSession');

export const signedInSchema = z.object({ user: userSchema, session: issuedSessionSchema }).openapi('SignedIn');
export const refreshedSchema = z.object({ session: issuedSessionSchema }).openapi('Refreshed');

export const sessionSchema = z
  .object({
    id: z.uuid().openapi({ example: EXAMPLE_ID }),
    isCurrent: z.boolean().openapi({ description: 'Whether it is the one that asks.' }),
    userAgent: z.string().nullable().openapi({ example: 'curl/8.9.1' }),
    createdAt: timestamp,
    refreshedAt: timestamp.openapi({ description: 'When it last got new tokens.' }),
    expiresAt: timestamp.openapi({ description: 'When it ends unless it is refreshed.' }),
  })
  .openapi('Session');

const apiKeyFields = z.object({
  id: z.uuid().openapi({ example: EXAMPLE_ID }),
  name: z.string().openapi({ example: 'Laptop' }),
  prefix: z.string().openapi({ example: 'cp_Xy3fQ9', description: 'The first characters of the key.' }),
  scopes,
  requestsPerMinute: z.number().int().nullable().openapi({
    example: 60,
    description: 'Its own limit; null when the usual one holds.',
  }),
  expiresAt: timestamp.nullable(),
  lastUsedAt: timestamp.nullable().openapi({ description: 'To the minute.' }),
  createdAt: timestamp,
});

export const apiKeySchema = apiKeyFields.openapi('ApiKey');
export const createdApiKeySchema = apiKeyFields
  .extend({ key: z.string().openapi({ example: 'cp_…', description: 'Shown this once.' }) })
  .openapi('CreatedApiKey');

export const sessionPageSchema = pageOf(sessionSchema, 'SessionPage');
export const apiKeyPageSchema = pageOf(apiKeySchema, 'ApiKeyPage');
export const identityPageQuery = pageQuery(['createdAt']);

function isText(value: string): boolean {
  return value.isWellFormed() && !value.includes('\0');
}
