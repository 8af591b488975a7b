import { z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../../http/pagination.ts';
import { cookie, deviceName } from '../identity.schemas.ts';
import { text, timestamp } from '../profile.schemas.ts';
import { ticket } from './two-factor.schemas.ts';

/** Credential ids have at most 1,023 bytes. */
const MAX_ID_CHARS = 1_364;
const MAX_CLIENT_DATA_CHARS = 8_192;
const MAX_ATTESTATION_CHARS = 65_536;
const MAX_AUTHENTICATOR_DATA_CHARS = 16_384;
const MAX_SIGNATURE_CHARS = 2_048;
const MAX_HANDLE_CHARS = 128;
const MAX_TRANSPORTS = 10;

const base64url = (maxChars: number) =>
  z
    .string()
    .min(1)
    .max(maxChars)
    .regex(/^[\w-]+$/, 'It must be base64url without padding.')
    .openapi({ example: 'q83vEjRWeJA' });
const passkeyName = text(100)
  .trim()
  .min(1)
  .regex(/^\P{Cc}*$/u, 'It must be one line.')
  .openapi({ example: 'Phone' });
const transports = z
  .array(z.string().regex(/^[a-z-]{1,32}$/))
  .max(MAX_TRANSPORTS)
  .openapi({ example: ['internal', 'hybrid'] });

const credential = { id: base64url(MAX_ID_CHARS), rawId: base64url(MAX_ID_CHARS), type: z.literal('public-key') };

const registrationResponse = z
  .object({
    ...credential,
    response: z.object({
      clientDataJSON: base64url(MAX_CLIENT_DATA_CHARS),
      attestationObject: base64url(MAX_ATTESTATION_CHARS),
      transports: transports.optional(),
    }),
  })
  .openapi('PasskeyRegistrationResponse');

const assertionResponse = z
  .object({
    ...credential,
    response: z.object({
      clientDataJSON: base64url(MAX_CLIENT_DATA_CHARS),
      authenticatorData: base64url(MAX_AUTHENTICATOR_DATA_CHARS),
      signature: base64url(MAX_SIGNATURE_CHARS),
      userHandle: base64url(MAX_HANDLE_CHARS).nullable().optional(),
    }),
  })
  .openapi('PasskeyResponse');

export const registerPasskeyBody = z
  .object({ name: passkeyName, response: registrationResponse })
  .openapi('NewPasskey');

export const changePasskeyBody = z
  .object({
    name: passkeyName,
    version: z.number().int().positive().optional().openapi({ description: 'The version that you read.' }),
  })
  .strict()
  .openapi('PasskeyChanges');

export const passkeyLoginBody = z
  .object({ response: assertionResponse, deviceName: deviceName.optional(), cookie })
  .openapi('PasskeyLogin');
export const ticketBody = z.object({ ticket }).openapi('Ticket');
export const passkeyFactorBody = z
  .object({ ticket, response: assertionResponse, deviceName: deviceName.optional(), cookie })
  .openapi('PasskeySecondFactor');

const descriptor = z.object({
  id: z.string(),
  type: z.literal('public-key'),
  transports: z.array(z.string()),
});
const challenge = z.string().openapi({ description: 'Good once, for five minutes.' });

export const registrationOptionsSchema = z
  .object({
    publicKey: z
      .object({
        rp: z.object({ id: z.string(), name: z.string() }),
        user: z.object({ id: z.string(), name: z.string(), displayName: z.string() }),
        challenge,
        pubKeyCredParams: z.array(z.object({ type: z.literal('public-key'), alg: z.number().int() })),
        timeout: z.number().int(),
        excludeCredentials: z.array(descriptor),
        authenticatorSelection: z.object({
          residentKey: z.literal('required'),
          requireResidentKey: z.literal(true),
          userVerification: z.literal('required'),
        }),
        attestation: z.literal('none'),
      })
      .openapi({ description: 'For `PublicKeyCredential.parseCreationOptionsFromJSON`.' }),
  })
  .openapi('PasskeyRegistrationOptions');

export const assertionOptionsSchema = z
  .object({
    publicKey: z
      .object({
        rpId: z.string(),
        challenge,
        timeout: z.number().int(),
        allowCredentials: z.array(descriptor),
        userVerification: z.literal('required'),
      })
      .openapi({ description: 'For `PublicKeyCredential.parseRequestOptionsFromJSON`.' }),
  })
  .openapi('PasskeyOptions');

export const passkeySchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    backedUp: z.boolean().openapi({ description: 'Whether it survives the loss of the device, by its own account.' }),
    transports: z.array(z.string()),
    lastUsedAt: timestamp.nullable(),
    version: z.number().int(),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .openapi('Passkey', {
    example: {
      id: '0199c0de-0000-7000-8000-000000000002',
      name: 'Phone',
      backedUp: true,
      transports: ['internal', 'hybrid'],
      lastUsedAt: null,
      version: 1,
      createdAt: '2026-11-22T09:30:00.000Z',
      updatedAt: '2026-11-22T09:30:00.000Z',
    },
  });

export const passkeyPageSchema = pageOf(passkeySchema, 'PasskeyPage');
export const passkeyPageQuery = pageQuery(['createdAt']);
