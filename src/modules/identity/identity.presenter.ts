import type { z } from '@hono/zod-openapi';
import type { Actor } from '../../shared/actor.ts';
import { isoTime, isoTimeOrNull } from '../../shared/time.ts';
import type {
  apiKeySchema,
  issuedSessionSchema,
  sessionSchema,
  signedInSchema,
  userSchema,
} from './identity.schemas.ts';
import type { ApiKey, Session, User } from './identity.table.ts';
import type { IssuedSession } from './session-tokens.ts';

export function presentUser(user: User): z.output<typeof userSchema> {
  return {
    id: user.id,
    email: user.email,
    username: user.username,
    fullName: user.fullName,
    role: user.role,
    emailVerified: user.emailVerifiedAt !== null,
    emailVerifiedAt: isoTimeOrNull(user.emailVerifiedAt),
    twoFactorEnabled: user.twoFactorEnabledAt !== null,
    version: user.version,
    createdAt: isoTime(user.createdAt),
    updatedAt: isoTime(user.updatedAt),
  };
}

export function presentIssuedSession(session: IssuedSession): z.output<typeof issuedSessionSchema> {
  return {
    id: session.id,
    accessToken: session.accessToken,
    accessTokenExpiresAt: isoTime(session.accessTokenExpiresAt),
    refreshToken: session.refreshToken,
    refreshTokenExpiresAt: isoTime(session.refreshTokenExpiresAt),
  };
}

export function presentSignedIn(signedIn: { user: User; session: IssuedSession }): z.output<typeof signedInSchema> {
  return { user: presentUser(signedIn.user), session: presentIssuedSession(signedIn.session) };
}

export function presentSession(session: Session, { credential }: Actor): z.output<typeof sessionSchema> {
  return {
    id: session.id,
    isCurrent: credential.type === 'session' && credential.id === session.id,
    userAgent: session.userAgent,
    createdAt: isoTime(session.createdAt),
    refreshedAt: isoTime(session.updatedAt),
    expiresAt: isoTime(session.refreshExpiresAt),
  };
}

export function presentApiKey(apiKey: ApiKey): z.output<typeof apiKeySchema> {
  return {
    id: apiKey.id,
    name: apiKey.name,
    prefix: apiKey.prefix,
    scopes: apiKey.scopes,
    requestsPerMinute: apiKey.requestsPerMinute,
    expiresAt: isoTimeOrNull(apiKey.expiresAt),
    lastUsedAt: isoTimeOrNull(apiKey.lastUsedAt),
    createdAt: isoTime(apiKey.createdAt),
  };
}
