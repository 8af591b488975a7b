import { randomInt } from 'node:crypto';
import type { Person } from '../../../platform/oauth/identity-provider.ts';

const MIN_CHARS = 3;
/** Leaves room for what makes it unique. */
const MAX_CHARS = 30;
const SUFFIX_RANGE = 1_000_000;

/**
 * A username for somebody who has chosen none here: from their name elsewhere, or from their address. Plain letters,
 * digits, dots, underscores and hyphens, so that it cannot be taken for another.
 */
export function derivedUsername({ username, email }: Pick<Person, 'username' | 'email'>): string {
  const candidates = [username?.split('@')[0], email?.split('@')[0]].map((text) => plain(text ?? ''));
  return candidates.find((text) => text.length >= MIN_CHARS) ?? 'user';
}

/** The same name with digits behind it, for when it is taken. */
export const variedUsername = (username: string): string =>
  `${username}-${String(randomInt(SUFFIX_RANGE)).padStart(6, '0')}`;

const plain = (text: string): string =>
  text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z\d._-]+/g, '-')
    .slice(0, MAX_CHARS)
    .replace(/^[._-]+|[._-]+$/g, '');
