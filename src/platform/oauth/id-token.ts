import type { JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { accountId, email, nameOf } from './claims.ts';
import { ProviderError } from './identity-provider.ts';

/** What an issuer says of a person, in an ID token or at its userinfo endpoint. */
export const claims = z.object({
  sub: accountId,
  email,
  // Nothing but this word counts.
  email_verified: z.literal(true).optional().catch(undefined),
  preferred_username: nameOf,
  name: nameOf,
});

export type Claims = z.output<typeof claims>;

/** Signatures by the issuer's private key. Never `none`, and never a shared secret, which a public key could pose as. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const CLOCK_TOLERANCE_SECONDS = 60;
/** It was made for this answer, moments ago. */
const MAX_AGE_SECONDS = 10 * 60;

export type IdTokenExpectation = { issuer: string; clientId: string; nonce: string; name: string; now: () => number };

/**
 * Verifies an ID token by OpenID Connect Core, 3.1.3.7: signature, issuer, audience, authorized party, times and nonce.
 * @throws ProviderError `refused`, or what fetching the keys throws.
 */
export async function verifyIdToken(
  idToken: string,
  { keys, expected }: { keys: JWTVerifyGetKey; expected: IdTokenExpectation },
): Promise<Claims> {
  const { issuer, clientId, nonce, name, now } = expected;
  const { errors, jwtVerify } = await import('jose');
  const refuse = (reason: string) => new ProviderError('refused', `The ID token of ${name} is not right: ${reason}.`);
  const { payload } = await jwtVerify(idToken, keys, {
    issuer,
    audience: clientId,
    algorithms: ALGORITHMS,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    maxTokenAge: MAX_AGE_SECONDS,
    requiredClaims: ['sub', 'iat', 'exp'],
    currentDate: new Date(now()),
  }).catch((error: unknown) => {
    throw error instanceof errors.JOSEError ? refuse(error.code) : error;
  });
  const isForOthersToo = Array.isArray(payload.aud) && payload.aud.length > 1;
  if (payload['azp'] === undefined ? isForOthersToo : payload['azp'] !== clientId) throw refuse('azp');
  if (payload['nonce'] !== nonce) throw refuse('nonce');
  const parsed = claims.safeParse(payload);
  if (!parsed.success) throw refuse('claims');
  return parsed.data;
}
