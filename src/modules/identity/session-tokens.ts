import type { Config } from '../../config.ts';
import type { SessionTokens } from './identity.repository.ts';
import { issueToken } from './tokens.ts';

/** A session as its client gets it, once. Times in milliseconds since the epoch. */
export type IssuedSession = {
  id: string;
  accessToken: string;
  accessTokenExpiresAt: number;
  refreshToken: string;
  refreshTokenExpiresAt: number;
};

type Lifetimes = Pick<Config, 'ACCESS_TOKEN_SECONDS' | 'REFRESH_TOKEN_SECONDS'>;

/** Fresh tokens for a session: what the client gets, and what is stored. */
export function issueSessionTokens(id: string, { config, now }: { config: Lifetimes; now: number }) {
  const access = issueToken('access');
  const refresh = issueToken('refresh');
  const refreshExpiresAt = now + config.REFRESH_TOKEN_SECONDS * 1000;
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
  };
  return { issued, stored };
}
