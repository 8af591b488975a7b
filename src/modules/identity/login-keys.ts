import type { KeyRing } from '../../platform/secrets/key-ring.ts';
import { usernameSkeleton } from './usernames.ts';

/** What must be unique about an account, in the one form in which it is compared: compatibility-folded and lower case. */
const fold = (text: string): string => text.normalize('NFKC').toLowerCase().normalize('NFKC');

export const emailKey = fold;
export const usernameKey = fold;

/** What must be unique about a username: in whatever case it is written, and at a glance. */
export const usernameKeys = (username: string) => ({
  usernameKey: usernameKey(username),
  usernameSkeleton: usernameSkeleton(username),
});

/** Which column an identifier means: usernames have no `@`. */
export const loginKey = (identifier: string): { emailKey: string } | { usernameKey: string } =>
  identifier.includes('@') ? { emailKey: fold(identifier) } : { usernameKey: fold(identifier) };

/** What the audit log calls an account that somebody names, whether or not there is one. */
export const loginObject = async (keyRing: KeyRing, key: ReturnType<typeof loginKey>) => ({
  type: 'login',
  id: await keyRing.fingerprint(JSON.stringify(key), 'audit'),
});
