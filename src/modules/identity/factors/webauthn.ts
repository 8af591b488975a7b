import { randomBytes } from 'node:crypto';
import type { RelyingParty } from './relying-party.ts';

/** What a browser answers to options for a new passkey (`RegistrationResponseJSON`); binary parts in base64url. */
export type RegistrationResponse = {
  id: string;
  rawId: string;
  type: 'public-key';
  response: { clientDataJSON: string; attestationObject: string; transports?: string[] | undefined };
};

/** What a browser answers to options for a login (`AuthenticationResponseJSON`). */
export type AssertionResponse = {
  id: string;
  rawId: string;
  type: 'public-key';
  response: {
    clientDataJSON: string;
    authenticatorData: string;
    signature: string;
    userHandle?: string | null | undefined;
  };
};

/** A passkey as its authenticator presents it. */
export type Credential = { credentialId: string; publicKey: string; signCount: number; backedUp: boolean };

/** What is known of a passkey after it was used. */
export type Used = Pick<Credential, 'signCount' | 'backedUp'>;

/** The algorithms that browsers know and Workers can verify, best first: Ed25519, ES256, RS256. */
export const ALGORITHMS = [-8, -7, -257];

const CHALLENGE_BYTES = 32;
const CHALLENGE = /^[\w-]{43}$/;

export const newChallenge = (): string => randomBytes(CHALLENGE_BYTES).toString('base64url');

/** By what an authenticator knows a user: their id, which says nothing about them. */
export const userHandle = (userId: string): string => Buffer.from(userId).toString('base64url');

/**
 * The challenge that a response claims to answer, of a shape that one can have; it is for the caller to know it.
 * Undefined for an answer from inside a page of somebody else.
 */
export function challengeOf({ response }: { response: { clientDataJSON: string } }): string | undefined {
  const clientData = parseJson(Buffer.from(response.clientDataJSON, 'base64url').toString());
  if (typeof clientData !== 'object' || clientData === null || !('challenge' in clientData)) return undefined;
  if ('crossOrigin' in clientData && clientData.crossOrigin !== false) return undefined;
  const { challenge } = clientData;
  return typeof challenge === 'string' && CHALLENGE.test(challenge) ? challenge : undefined;
}

/**
 * The new passkey, if the response answers the challenge for this party with its user verified. Who has made the
 * authenticator is not asked: a statement with certificates is refused before anything in it could be followed.
 */
export async function checkRegistration(
  party: RelyingParty,
  { response, challenge }: { response: RegistrationResponse; challenge: string },
): Promise<Credential | undefined> {
  const [{ verifyRegistrationResponse }, { decodeAttestationObject, isoBase64URL }] = await Promise.all([
    import('@simplewebauthn/server'),
    import('@simplewebauthn/server/helpers'),
  ]);
  const { clientDataJSON, attestationObject } = response.response;
  try {
    const attestation = decodeAttestationObject(isoBase64URL.toBuffer(attestationObject));
    const format = attestation.get('fmt');
    const isSelfSigned = format === 'packed' && !attestation.get('attStmt').get('x5c');
    if (format !== 'none' && !isSelfSigned) return undefined;
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: { ...response, response: { clientDataJSON, attestationObject }, clientExtensionResults: {} },
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified || registrationInfo.credential.id !== response.id) return undefined;
    const { credential, credentialBackedUp: backedUp } = registrationInfo;
    const publicKey = Buffer.from(credential.publicKey).toString('base64url');
    return { credentialId: credential.id, publicKey, signCount: credential.counter, backedUp };
  } catch {
    return undefined;
  }
}

/**
 * What the response says of a known passkey, if that has signed the challenge for this party, with its user verified and
 * a count that has grown.
 */
export async function checkAssertion(
  party: RelyingParty,
  { response, challenge, credential }: { response: AssertionResponse; challenge: string; credential: Credential },
): Promise<Used | undefined> {
  const { verifyAuthenticationResponse } = await import('@simplewebauthn/server');
  const { clientDataJSON, authenticatorData, signature } = response.response;
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: {
        ...response,
        response: { clientDataJSON, authenticatorData, signature },
        clientExtensionResults: {},
      },
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      credential: {
        id: credential.credentialId,
        publicKey: Uint8Array.from(Buffer.from(credential.publicKey, 'base64url')),
        counter: credential.signCount,
      },
      requireUserVerification: true,
    });
    if (!verified) return undefined;
    return { signCount: authenticationInfo.newCounter, backedUp: authenticationInfo.credentialBackedUp };
  } catch {
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
