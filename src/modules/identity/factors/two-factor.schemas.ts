import { z } from '@hono/zod-openapi';
import { cookie, deviceName, password, signedInSchema } from '../identity.schemas.ts';
import { text, timestamp } from '../profile.schemas.ts';

const MAX_CODE_CHARS = 64;
const MAX_TICKET_CHARS = 200;

const code = text(MAX_CODE_CHARS).min(1).openapi({
  example: '492039',
  description: 'Six digits from the authenticator app, or a recovery code.',
});
export const ticket = text(MAX_TICKET_CHARS).min(1).openapi({ example: 'cpt_…', description: 'From the login.' });

export const verifyCodeBody = z
  .object({ ticket, code, deviceName: deviceName.optional(), cookie })
  .openapi('SecondFactor');

export const enrollBody = z.object({ password }).openapi('TwoFactorEnrolment');

export const confirmBody = z
  .object({ code: text(MAX_CODE_CHARS).min(1).openapi({ example: '492039', description: 'From the app.' }) })
  .openapi('TwoFactorConfirmation');

export const bothFactorsBody = z
  .object({
    password,
    code: code.optional().openapi({ description: 'Needed when you logged in more than 15 minutes ago.' }),
  })
  .openapi('BothFactors');

const twoFactorRequiredSchema = z
  .object({
    twoFactorRequired: z.literal(true),
    ticket: z.string().openapi({ example: 'cpt_…', description: 'Good once, for five minutes.' }),
    methods: z
      .array(z.enum(['totp', 'recovery_code', 'passkey']))
      .openapi({ example: ['totp', 'recovery_code'], description: 'What the ticket can be completed with.' }),
    expiresAt: timestamp,
  })
  .openapi('TwoFactorRequired');

export const loginAnswerSchema = z.union([signedInSchema, twoFactorRequiredSchema]).openapi('LoginAnswer');

export const factorsSchema = z
  .object({
    enabled: z.boolean().openapi({ description: 'Whether logging in takes more than the password.' }),
    enabledAt: timestamp.nullable(),
    recoveryCodesLeft: z.number().int().openapi({ example: 10 }),
    passkeys: z.number().int().openapi({ example: 1 }),
  })
  .openapi('TwoFactor');

export const enrolmentSchema = z
  .object({
    secret: z.string().openapi({ example: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', description: 'In base32, to type in.' }),
    uri: z.string().openapi({
      example: 'otpauth://totp/Commonplace:ada?issuer=Commonplace&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
      description: 'To show as a QR code.',
    }),
    algorithm: z.literal('SHA1'),
    digits: z.literal(6),
    periodSeconds: z.literal(30),
  })
  .openapi('TwoFactorSecret');

export const recoveryCodesSchema = z
  .object({
    recoveryCodes: z
      .array(z.string())
      .openapi({ example: ['4f2k-9w0c-hq7m-t3xv'], description: 'Ten codes, each good once. Shown this once.' }),
  })
  .openapi('RecoveryCodes');
