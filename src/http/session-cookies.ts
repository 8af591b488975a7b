import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { AppError, invalidField } from '../shared/app-error.ts';
import type { AppContext } from './context.ts';

/** A session's tokens, with the times when they expire in milliseconds since the epoch. */
type Tokens = {
  accessToken: string;
  accessTokenExpiresAt: number;
  refreshToken: string;
  refreshTokenExpiresAt: number;
};

const ACCESS_TOKEN = /^cpa_[\w-]{43}$/;
const REFRESH_PATH = '/v1/auth/refresh';
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

const ATTRIBUTES = { httpOnly: true, sameSite: 'Strict' } as const;

/**
 * Names by which browsers themselves refuse what is not secure, or was set by another host. Without TLS, which only
 * one's own machine does without, there are no such names.
 */
function cookiesOf(c: Context<AppContext>) {
  const secure = c.var.services.cookies.isAlwaysSecure || new URL(c.req.url).protocol === 'https:';
  return {
    session: { name: secure ? '__Host-cp_session' : 'cp_session', options: { ...ATTRIBUTES, secure, path: '/' } },
    // Sent nowhere but where it is exchanged.
    refresh: {
      name: secure ? '__Secure-cp_refresh' : 'cp_refresh',
      options: { ...ATTRIBUTES, secure, path: REFRESH_PATH },
    },
  };
}

/** The access token of a browser that sends no other credential. */
export function sessionCookie(c: Context<AppContext>): string | undefined {
  if (!c.var.services.cookies.isOn || c.req.header('authorization') !== undefined) return undefined;
  const token = getCookie(c, cookiesOf(c).session.name);
  return token !== undefined && ACCESS_TOKEN.test(token) ? token : undefined;
}

/** The refresh token that a browser sends along. @throws AppError as {@link requireSameOrigin} does. */
export function refreshCookie(c: Context<AppContext>): string | undefined {
  const token = c.var.services.cookies.isOn ? getCookie(c, cookiesOf(c).refresh.name) : undefined;
  if (token !== undefined) requireSameOrigin(c);
  return token;
}

/**
 * Browsers send cookies along whoever makes them ask: what changes something must come from a page of this origin or of
 * one that is listed.
 * @throws AppError `cross_site_request`
 */
export function requireSameOrigin(c: Context<AppContext>): void {
  if (SAFE_METHODS.includes(c.req.method)) return;
  const origin = c.req.header('origin');
  const isOwn =
    origin === undefined
      ? c.req.header('sec-fetch-site') === 'same-origin'
      : origin === new URL(c.req.url).origin || c.var.services.cookies.origins.includes(origin);
  if (isOwn) return;
  throw new AppError('forbidden', 'With a cookie this can only be asked from a page of this origin.', {
    code: 'cross_site_request',
  });
}

/**
 * Where a login was asked to keep its session in cookies, checks that it may.
 * @throws AppError `invalid_fields` where there are none, or as {@link requireSameOrigin} does.
 */
export function wantsCookies(c: Context<AppContext>, asked: boolean | undefined): boolean {
  if (!asked) return false;
  if (!c.var.services.cookies.isOn) throw invalidField('cookie', 'Sessions are not kept in cookies here.');
  requireSameOrigin(c);
  return true;
}

/** Hands the tokens over in cookies. @returns the session without them. */
export function setSessionCookies<S extends Tokens>(c: Context<AppContext>, session: S) {
  const { accessToken, refreshToken, ...shown } = session;
  const { session: access, refresh } = cookiesOf(c);
  setCookie(c, access.name, accessToken, { ...access.options, expires: new Date(session.accessTokenExpiresAt) });
  setCookie(c, refresh.name, refreshToken, { ...refresh.options, expires: new Date(session.refreshTokenExpiresAt) });
  return shown;
}

/** What a login answers: the session without its tokens, where cookies were asked for and keep them. */
export const answerSession = <O extends { session: Tokens }>(
  c: Context<AppContext>,
  outcome: O,
  inCookies: boolean,
) => ({
  ...outcome,
  session: inCookies ? setSessionCookies(c, outcome.session) : outcome.session,
});

/** Takes both cookies from a browser that came with one. */
export function clearSessionCookies(c: Context<AppContext>): void {
  if (sessionCookie(c) === undefined) return;
  for (const { name, options } of Object.values(cookiesOf(c))) deleteCookie(c, name, options);
}
