import { createHash, randomBytes } from 'node:crypto';

/** A recognisable prefix tells people, logs and secret scanners what a leaked string is. */
const PREFIXES = {
  access: 'cpa_',
  refresh: 'cpr_',
  api_key: 'cp_',
  email_verification: 'cpv_',
  password_reset: 'cpw_',
  login_ticket: 'cpt_',
  oauth_state: 'cps_',
  oauth_browser: 'cpb_',
  oauth_code: 'cpo_',
  erasure: 'cpe_',
  email_change: 'cpm_',
} as const;

const KINDS = [
  'access',
  'refresh',
  'api_key',
  'email_verification',
  'password_reset',
  'login_ticket',
  'oauth_state',
  'oauth_browser',
  'oauth_code',
  'erasure',
  'email_change',
] as const;

export type TokenKind = keyof typeof PREFIXES;

/** An opaque credential: `token` is given out once, `hash` is what is stored. */
export type IssuedToken = { token: string; hash: string };

const SECRET_BYTES = 32;
const SECRET = /^[\w-]{43}$/;
const SHOWN_API_KEY_CHARS = 9;
/** What the tokens of a family have in common: 120 bits. */
const FAMILY_CHARS = 20;
/** What is new in each of them: 136 bits. Together they are as long as any other secret. */
const SUCCESSOR_BYTES = 17;

/** A new token: prefix and 256 random bits. */
export function issueToken(kind: TokenKind): IssuedToken {
  const token = PREFIXES[kind] + randomBytes(SECRET_BYTES).toString('base64url');
  return { token, hash: hashToken(token) };
}

/** A new token that takes over from another one of the same kind, and is of its family. */
export function issueSuccessor(replaced: string): IssuedToken {
  const token = familyOf(replaced) + randomBytes(SUCCESSOR_BYTES).toString('base64url');
  return { token, hash: hashToken(token) };
}

/** The hash of what a token has in common with all that took over from it, one after the other. */
export const familyHash = (token: string): string => hashToken(familyOf(token));

/** Recognises a token by its shape, so that anything else is refused before the database is asked. */
export function parseToken(text: string): { kind: TokenKind; hash: string } | undefined {
  const kind = kindOf(text);
  return kind && { kind, hash: hashToken(text) };
}

/** The first characters of an API key, by which people tell their keys apart; the secret keeps 220 bits. */
export const shownPrefix = (key: string): string => key.slice(0, SHOWN_API_KEY_CHARS);

const familyOf = (token: string): string => token.slice(0, token.indexOf('_') + 1 + FAMILY_CHARS);

function kindOf(text: string): TokenKind | undefined {
  for (const kind of KINDS) {
    const prefix = PREFIXES[kind];
    if (text.startsWith(prefix) && SECRET.test(text.slice(prefix.length))) return kind;
  }
  return undefined;
}

/** SHA-256 in hex. Fast on purpose: 256 random bits cannot be guessed, so they need no slow hash. */
const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex');
