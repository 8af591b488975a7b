import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Config } from '../../config.ts';
import { createKeyRing } from '../../platform/secrets/key-ring.ts';
import type { Session } from './identity.table.ts';
import { familyHash, issueSuccessor, issueToken } from './tokens.ts';

/** A session as its client gets it, once. Times in milliseconds since the epoch. */
export type IssuedSession = {
  id: string;
  accessToken: string;
  accessTokenExpiresAt: number;
  refreshToken: string;
  refreshTokenExpiresAt: number;
};

type Lifetimes = Pick<Config, 'ACCESS_TOKEN_SECONDS' | 'REFRESH_TOKEN_SECONDS' | 'SESSION_ABSOLUTE_SECONDS'>;

/** What is stored of a session's tokens. */
export type SessionTokens = Pick<
  Session,
  'accessTokenHash' | 'accessExpiresAt' | 'refreshTokenHash' | 'refreshExpiresAt' | 'refreshFamilyHash'
>;

/**
 * Fresh tokens for a session, a new one unless a refresh token is replaced: what the client gets, and what is stored. An
 * older session may end sooner.
 */
export function issueSessionTokens(
  id: string,
  { config, now, replaced }: { config: Lifetimes; now: number; replaced?: string },
) {
  const access = issueToken('access');
  const refresh = replaced === undefined ? issueToken('refresh') : issueSuccessor(replaced);
  const refreshExpiresAt = now + Math.min(config.REFRESH_TOKEN_SECONDS, config.SESSION_ABSOLUTE_SECONDS) * 1000;
  const accessExpiresAt = Math.min(refreshExpiresAt, now + config.ACCESS_TOKEN_SECONDS * 1000);
  const issued: IssuedSession = {
    id,
    accessToken: access.token,
    accessTokenExpiresAt: accessExpiresAt,
    refreshToken: refresh.token,
    refreshTokenExpiresAt: refreshExpiresAt,
  };
  const stored: SessionTokens = {
    accessTokenHash: access.hash,
    accessExpiresAt,
    refreshTokenHash: refresh.hash,
    refreshExpiresAt,
    refreshFamilyHash: familyHash(refresh.token),
  };
  return { issued, stored };
}

type TokenPair = Pick<IssuedSession, 'accessToken' | 'refreshToken'>;

const pairSchema = z.object({ accessToken: z.string(), refreshToken: z.string() }) satisfies z.ZodType<TokenPair>;

/** Tells the sealed tokens of sessions from any other sealed text. */
const CONTEXT = 'user_sessions.sealed_tokens';

/**
 * Encrypts the tokens that replace a refresh token so that only who has that one can read them: what is stored is worth
 * nothing without it.
 */
export const sealTokens = ({ accessToken, refreshToken }: TokenPair, replaced: string): Promise<string> =>
  ringOf(replaced).seal(JSON.stringify({ accessToken, refreshToken }), CONTEXT);

/** The tokens back. */
export async function openTokens(sealed: string, replaced: string): Promise<TokenPair> {
  const { text } = await ringOf(replaced).open(sealed, CONTEXT);
  return pairSchema.parse(JSON.parse(text));
}

/** Its only key comes from the token, but is not the hash that is stored of it. */
function ringOf(refreshToken: string) {
  const digest = createHash('sha256').update(`commonplace rotation\n${refreshToken}`).digest();
  return createKeyRing([{ id: 'token', bytes: Uint8Array.from(digest) }]);
}
