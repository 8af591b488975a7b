import type { z } from '@hono/zod-openapi';
import type { Actor } from '../../shared/actor.ts';
import { isoTime, isoTimeOrNull } from '../../shared/time.ts';
import type { KeyView } from './api-keys.service.ts';
import type {
  apiKeySchema,
  issuedSessionSchema,
  sessionSchema,
  signedInSchema,
  userSchema,
} from './identity.schemas.ts';
import type { Avatar, Session, User } from './identity.table.ts';
import type { IssuedSession } from './session-tokens.ts';
import { describeUserAgent } from './user-agent.ts';

/** An account, without what its owner has chosen for themselves. */
export function presentUserCore(user: User) {
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

export function presentUser(user: User): z.output<typeof userSchema> {
  return {
    ...presentUserCore(user),
    bio: user.bio,
    theme: user.theme,
    locale: user.locale,
    timeZone: user.timeZone,
    preferredModel: user.preferredModel,
    preferences: user.preferences,
    avatar: user.avatar && presentAvatar(user.avatar),
  };
}

function presentAvatar({ mediaType, sizeBytes, width, height }: Avatar) {
  return { url: '/v1/me/avatar', mediaType, sizeBytes, width, height };
}

/** A session as its client is told of it: without its tokens where cookies have them. */
type ShownSession = Omit<IssuedSession, 'accessToken' | 'refreshToken'> & Partial<IssuedSession>;

export function presentIssuedSession(session: ShownSession): z.output<typeof issuedSessionSchema> {
  const { id, accessToken, refreshToken } = session;
  return {
    id,
    ...(accessToken !== undefined && { accessToken }),
    accessTokenExpiresAt: isoTime(session.accessTokenExpiresAt),
    ...(refreshToken !== undefined && { refreshToken }),
    refreshTokenExpiresAt: isoTime(session.refreshTokenExpiresAt),
  };
}

export function presentSignedIn(signedIn: { user: User; session: ShownSession }): z.output<typeof signedInSchema> {
  return { user: presentUser(signedIn.user), session: presentIssuedSession(signedIn.session) };
}

/** Enough to tell a user's addresses apart. */
const SHOWN_ADDRESS_CHARS = 8;

export function presentSession(session: Session, { credential }: Actor): z.output<typeof sessionSchema> {
  return {
    id: session.id,
    isCurrent: credential.type === 'session' && credential.id === session.id,
    deviceName: session.deviceName ?? describeUserAgent(session.userAgent),
    userAgent: session.userAgent,
    address: session.addressHash?.slice(0, SHOWN_ADDRESS_CHARS) ?? null,
    createdAt: isoTime(session.createdAt),
    lastUsedAt: isoTime(session.lastUsedAt ?? session.updatedAt),
    refreshedAt: isoTime(session.refreshedAt ?? session.updatedAt),
    expiresAt: isoTime(session.refreshExpiresAt),
    absoluteExpiresAt: isoTimeOrNull(session.absoluteExpiresAt),
  };
}

export function presentApiKey(apiKey: KeyView): z.output<typeof apiKeySchema> {
  return {
    id: apiKey.id,
    name: apiKey.name,
    prefix: apiKey.prefix,
    scopes: apiKey.scopes,
    requestsPerMinute: apiKey.requestsPerMinute,
    expiresAt: isoTimeOrNull(apiKey.expiresAt),
    lastUsedAt: isoTimeOrNull(apiKey.lastUsedAt),
    status: apiKey.status,
    rotatedFrom: apiKey.rotatedFrom,
    replacedBy: apiKey.replacedBy,
    version: apiKey.version,
    createdAt: isoTime(apiKey.createdAt),
  };
}
