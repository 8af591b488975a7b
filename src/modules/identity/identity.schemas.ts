import { z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../http/pagination.ts';
import { SCOPES } from '../../shared/actor.ts';
import { parseTime } from '../../shared/time.ts';
import { EXAMPLE_TIME, PROFILE_EXAMPLE, profileFields, profileSchemas, text, timestamp } from './profile.schemas.ts';
import { isInOneAlphabet } from './usernames.ts';

const MAX_EMAIL_CHARS = 254;
const MIN_PASSWORD_CHARS = 8;
const MAX_PASSWORD_CHARS = 200;
const MAX_TOKEN_CHARS = 200;
const MAX_REQUESTS_PER_MINUTE = 1_000_000;
const DEFAULT_OVERLAP_SECONDS = 24 * 60 * 60;
const MAX_OVERLAP_SECONDS = 7 * 24 * 60 * 60;
const EXAMPLE_ID = '0199c0de-0000-7000-8000-000000000001';

/** Two characters are a name where each is a syllable or a word. */
const USERNAME =
  /^(?:[\p{L}\p{M}\p{N}._-]{3,40}|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]{2})$/u;

const email = z.email().max(MAX_EMAIL_CHARS).openapi({ example: 'ada@example.com' });
const username = z
  .string()
  .normalize('NFKC')
  .regex(USERNAME, 'It must be 3 to 40 letters, digits, dots, underscores or hyphens.')
  .refine(isInOneAlphabet, 'It mixes alphabets, or has characters that cannot be seen.')
  .openapi({
    example: 'ada',
    description:
      '3 to 40 letters, digits, dots, underscores or hyphens of one alphabet (two, if Chinese, Japanese or Korean). ' +
      'Unique whatever its case, and no other looks the same.',
  });
const fullName = text(200).trim().min(1).nullable().openapi({ example: 'Ada Lovelace' });
const newPassword = text(MAX_PASSWORD_CHARS).min(MIN_PASSWORD_CHARS).openapi({
  example: 'correct horse battery staple',
  description: 'Not easy to guess, on no list of leaked ones, and without your username or e-mail address.',
});
export const password = text(MAX_PASSWORD_CHARS).min(1).openapi({ example: 'correct horse battery staple' });
export const deviceName = text(100).trim().min(1).openapi({ example: 'My laptop' });
/** For browsers, where the service allows it. */
export const cookie = z.boolean().optional().openapi({
  example: false,
  description: 'Keep the tokens in cookies, which scripts cannot read, instead of answering with them.',
});
const version = z.number().int().positive().optional().openapi({ description: 'The version that you read.' });
const changesSomething = ({ version: _, ...changes }: Record<string, unknown>) =>
  Object.values(changes).some((value) => value !== undefined);
const identifier = text(MAX_EMAIL_CHARS).min(1).openapi({ example: 'ada', description: 'E-mail address or username.' });
const scopes = z.array(z.enum(SCOPES)).openapi({ example: ['documents:read', 'search:read'] });

export const registerBody = z
  .object({
    email,
    username,
    password: newPassword,
    fullName: fullName.optional(),
    deviceName: deviceName.optional(),
    cookie,
  })
  .openapi('Registration');

export const loginBody = z
  .object({
    identifier,
    password,
    deviceName: deviceName.optional(),
    cookie,
  })
  .openapi('Login');

export const refreshBody = z
  .object({
    refreshToken: text(MAX_TOKEN_CHARS).min(1).optional().openapi({
      example: 'cpr_…',
      description: 'Absent where a cookie has it.',
    }),
  })
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
  .object({ username: username.optional(), fullName: fullName.optional(), ...profileFields, version })
  .strict()
  .refine(changesSomething, 'Give at least one field to change.')
  .openapi('AccountChanges');

export const changeEmailBody = z.object({ email, password }).openapi('EmailChange');

export const deactivateBody = z.object({ password }).openapi('Deactivation');

export const reactivateBody = z.object({ identifier, password }).openapi('Reactivation');

export const renameSessionBody = z
  .object({
    deviceName: deviceName.nullable().openapi({ description: 'Null: told from the user agent again.' }),
  })
  .strict()
  .openapi('SessionChanges');

export const endSessionsQuery = z.object({
  keepCurrent: z.enum(['true', 'false']).default('true').openapi({ description: 'Whether the one that asks goes on.' }),
});

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

export const changeApiKeyBody = z
  .object({
    name: text(100).trim().min(1).optional().openapi({ example: 'Laptop' }),
    scopes: scopes
      .min(1)
      .max(SCOPES.length)
      .transform((given) => [...new Set(given)])
      .optional(),
    expiresAt: z.iso
      .datetime({ offset: true })
      .transform((time) => Date.parse(time))
      .nullable()
      .optional()
      .openapi({
        type: ['string', 'null'],
        format: 'date-time',
        example: '2027-11-22T09:30:00Z',
        description: 'Null: never.',
      }),
    requestsPerMinute: z.number().int().min(1).max(MAX_REQUESTS_PER_MINUTE).nullable().optional().openapi({
      example: 60,
      description: 'Null: the usual limit.',
    }),
    version,
  })
  .strict()
  .refine(changesSomething, 'Give at least one field to change.')
  .openapi('ApiKeyChanges');

export const rotateApiKeyBody = z
  .object({
    overlapSeconds: z.number().int().min(0).max(MAX_OVERLAP_SECONDS).default(DEFAULT_OVERLAP_SECONDS).openapi({
      example: DEFAULT_OVERLAP_SECONDS,
      description: 'For how long the key that is replaced goes on working; 0: not at all. A day, if absent.',
    }),
  })
  .openapi('ApiKeyRotation');

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
    ...profileSchemas,
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
      ...PROFILE_EXAMPLE,
      version: 1,
      createdAt: EXAMPLE_TIME,
      updatedAt: EXAMPLE_TIME,
    },
  });

export const issuedSessionSchema = z
  .object({
    id: z.uuid().openapi({ example: EXAMPLE_ID }),
    accessToken: z.string().optional().openapi({
      example: 'cpa_…',
      description: 'For `Authorization: Bearer …`. Absent where a cookie has it.',
    }),
    accessTokenExpiresAt: timestamp,
    refreshToken: z.string().optional().openapi({
      example: 'cpr_…',
      description: 'Good for one refresh. Absent where a cookie has it.',
    }),
    refreshTokenExpiresAt: timestamp,
  })
  .openapi('IssuedSession');

export const signedInSchema = z.object({ user: userSchema, session: issuedSessionSchema }).openapi('SignedIn');
export const refreshedSchema = z.object({ session: issuedSessionSchema }).openapi('Refreshed');

export const sessionSchema = z
  .object({
    id: z.uuid().openapi({ example: EXAMPLE_ID }),
    isCurrent: z.boolean().openapi({ description: 'Whether it is the one that asks.' }),
    deviceName: z.string().nullable().openapi({
      example: 'Firefox on Windows',
      description: 'As its user calls it, or told from the user agent.',
    }),
    userAgent: z.string().nullable().openapi({ example: 'curl/8.9.1' }),
    address: z
      .string()
      .nullable()
      .openapi({
        example: '5f0c9a1e',
        description:
          'Stands for the network address that it was last opened or refreshed from: the same for the same address. The ' +
          'address itself is not stored.',
      }),
    createdAt: timestamp,
    lastUsedAt: timestamp.openapi({ description: 'To the minute.' }),
    refreshedAt: timestamp.openapi({ description: 'When it last got new tokens.' }),
    expiresAt: timestamp.openapi({ description: 'When it ends unless it is refreshed.' }),
    absoluteExpiresAt: timestamp.nullable().openapi({
      description: 'When it ends, however often it is refreshed. Null until an older session is refreshed.',
    }),
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
  status: z.enum(['active', 'replaced', 'expired']).openapi({
    description: '`replaced`: another key has taken over, and this one works until it expires.',
  }),
  rotatedFrom: z.uuid().nullable().openapi({ example: null, description: 'The key that this one took over from.' }),
  replacedBy: z.uuid().nullable().openapi({ example: null, description: 'The key that takes over from this one.' }),
  version: z.number().int(),
  createdAt: timestamp,
});

export const apiKeySchema = apiKeyFields.openapi('ApiKey');
export const createdApiKeySchema = apiKeyFields
  .extend({ key: z.string().openapi({ example: 'cp_…', description: 'Shown this once.' }) })
  .openapi('CreatedApiKey');

export const sessionPageSchema = pageOf(sessionSchema, 'SessionPage');
export const apiKeyPageSchema = pageOf(apiKeySchema, 'ApiKeyPage');
export const identityPageQuery = pageQuery(['createdAt']);
