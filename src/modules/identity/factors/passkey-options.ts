import type { User } from '../identity.table.ts';
import type { Passkey } from './factors.table.ts';
import type { RelyingParty } from './relying-party.ts';
import { ALGORITHMS, userHandle } from './webauthn.ts';

/** A challenge lives as long as a browser is told to wait for its user. */
export const CHALLENGE_MS = 5 * 60_000;

const publicKeyType = 'public-key' as const;
const descriptors = (passkeys: readonly Passkey[]) =>
  passkeys.map(({ credentialId, transports }) => ({ id: credentialId, type: publicKeyType, transports }));

/** What a browser needs to make a passkey: one that it can find without a username, and that asks for its user. */
export const registrationOptions = (
  party: RelyingParty,
  facts: { user: User; challenge: string; passkeys: readonly Passkey[] },
) => ({
  rp: { id: party.id, name: party.name },
  user: {
    id: userHandle(facts.user.id),
    name: facts.user.username,
    displayName: facts.user.fullName ?? facts.user.username,
  },
  challenge: facts.challenge,
  pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: publicKeyType, alg })),
  timeout: CHALLENGE_MS,
  excludeCredentials: descriptors(facts.passkeys),
  authenticatorSelection: {
    residentKey: 'required' as const,
    requireResidentKey: true as const,
    userVerification: 'required' as const,
  },
  attestation: 'none' as const,
});

/** What a browser needs to use one of these passkeys, or any that it has for the party. */
export const assertionOptions = (
  party: RelyingParty,
  { challenge, passkeys }: { challenge: string; passkeys: readonly Passkey[] },
) => ({
  rpId: party.id,
  challenge,
  timeout: CHALLENGE_MS,
  allowCredentials: descriptors(passkeys),
  userVerification: 'required' as const,
});
