import { z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../../http/pagination.ts';
import { loginAnswerSchema } from '../factors/two-factor.schemas.ts';
import { cookie, deviceName } from '../identity.schemas.ts';

const MAX_URI_CHARS = 2000;
const MAX_CODE_CHARS = 4096;
const MAX_ANSWER_CHARS = 500;
const EXAMPLE_ID = '0199c0de-0000-7000-8000-000000000001';
const EXAMPLE_TIME = '2026-11-22T09:30:00.000Z';

const timestamp = z.iso.datetime().openapi({ example: EXAMPLE_TIME });
const redirectUri = z.string().max(MAX_URI_CHARS).optional().openapi({
  example: 'https://app.example.com/signed-in',
  description: 'An app to go back to: exactly one of those that are configured.',
});

export const providerParam = z.object({
  provider: z
    .string()
    .max(64)
    .openapi({ param: { name: 'provider', in: 'path' }, example: 'github', description: 'Id of the provider.' }),
});

export const authorizeQuery = z.object({
  redirectUri,
  codeChallenge: z
    .string()
    .regex(/^[\w-]{43}$/)
    .optional()
    .openapi({
      example: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      description: 'With `redirectUri`: SHA-256, in base64url, of what the app will show as `codeVerifier`.',
    }),
  mode: z.enum(['redirect', 'json']).optional().openapi({
    example: 'json',
    description: 'How to answer: by a redirect, or by `{url}`. By default, what `Accept` asks for.',
  }),
});

export const callbackQuery = z.object({
  code: z.string().max(MAX_CODE_CHARS).optional(),
  state: z.string().max(MAX_ANSWER_CHARS).optional(),
  error: z.string().max(MAX_ANSWER_CHARS).optional(),
  iss: z.string().max(MAX_URI_CHARS).optional(),
});

export const exchangeBody = z
  .object({
    code: z.string().min(1).max(200).openapi({ example: 'cpo_…' }),
    codeVerifier: z
      .string()
      .regex(/^[\w.~-]{43,128}$/, 'It must be 43 to 128 letters, digits, dots, underscores, hyphens or tildes.')
      .optional()
      .openapi({
        example: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
        description: 'What `codeChallenge` was made from, if there was one.',
      }),
    deviceName: deviceName.optional(),
    cookie,
  })
  .openapi('OauthExchange');

export const linkBody = z.object({ redirectUri }).openapi('OauthLink');

export const authorizationSchema = z
  .object({
    url: z.string().openapi({
      example: 'https://github.com/login/oauth/authorize?…',
      description: 'Open it in the browser that keeps the cookie of this answer, within ten minutes.',
    }),
  })
  .openapi('OauthAuthorization');

export const providersSchema = z
  .object({
    items: z.array(
      z.object({ id: z.string().openapi({ example: 'github' }), name: z.string().openapi({ example: 'GitHub' }) }),
    ),
  })
  .openapi('OauthProviders');

export const oauthAccountSchema = z
  .object({
    id: z.uuid().openapi({ example: EXAMPLE_ID }),
    provider: z.string().openapi({ example: 'github' }),
    email: z.string().nullable().openapi({
      example: 'ada@example.com',
      description: 'As the provider last said it; your address here does not follow it.',
    }),
    scope: z.string().nullable().openapi({ example: 'read:user,user:email' }),
    createdAt: timestamp,
    updatedAt: timestamp.openapi({ description: 'When it was last used to sign in, or its tokens were renewed.' }),
  })
  .openapi('OauthAccount');

export const oauthAccountPageSchema = pageOf(oauthAccountSchema, 'OauthAccountPage');
export const oauthAccountPageQuery = pageQuery(['createdAt']);

const linkedSchema = z.object({ linked: oauthAccountSchema }).openapi('OauthLinked');
export const outcomeSchema = z.union([loginAnswerSchema, linkedSchema]).openapi('OauthOutcome');
