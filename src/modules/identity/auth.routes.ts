import { clientOf } from '../../http/client-address.ts';
import { json, jsonBody, problems, publicRoute, type Router, scopedRoute } from '../../http/openapi.ts';
import {
  answerSession,
  clearSessionCookies,
  refreshCookie,
  setSessionCookies,
  wantsCookies,
} from '../../http/session-cookies.ts';
import { presentSignIn } from './factors/two-factor.presenter.ts';
import { loginAnswerSchema } from './factors/two-factor.schemas.ts';
import { noRefreshToken } from './identity.errors.ts';
import { presentIssuedSession, presentSignedIn } from './identity.presenter.ts';
import {
  changePasswordBody,
  loginBody,
  refreshBody,
  refreshedSchema,
  registerBody,
  signedInSchema,
} from './identity.schemas.ts';

const tags = ['auth'];
const bodyErrors = problems('malformed', 'too_large', 'invalid_fields');

const register = publicRoute({
  method: 'post',
  path: '/v1/auth/register',
  operationId: 'register',
  tags,
  summary: 'Make an account',
  description: 'Answers with the account and its first session: send its access token as `Authorization: Bearer …`.',
  request: { body: jsonBody(registerBody) },
  responses: {
    201: json(signedInSchema, 'The account and a session.'),
    ...problems('forbidden', 'conflict'),
    ...bodyErrors,
  },
});

const login = publicRoute({
  method: 'post',
  path: '/v1/auth/login',
  operationId: 'login',
  tags,
  summary: 'Log in',
  description:
    'With the e-mail address or the username. Answers the same for an unknown account and a wrong password. After ten ' +
    'failures in 15 minutes (a hundred from one address) there is a wait, which doubles: 429 `too_many_attempts`. Where ' +
    'two-factor authentication is on, the answer is a ticket, with which the login goes on at ' +
    '`/v1/auth/two-factor/verify`. Where the service allows it, `cookie: true` keeps the tokens in cookies: then ' +
    'everything that changes something must come from a page of the same origin, or of a listed one.',
  request: { body: jsonBody(loginBody) },
  responses: {
    200: json(loginAnswerSchema, 'The account and a new session; or a ticket.'),
    ...problems('unauthenticated', 'forbidden'),
    ...bodyErrors,
  },
});

const refresh = publicRoute({
  method: 'post',
  path: '/v1/auth/refresh',
  operationId: 'refreshSession',
  tags,
  summary: 'Get new tokens',
  description:
    'Exchanges a refresh token, once: the tokens before it are worthless from then on. Sending a refresh token that ' +
    'was already exchanged ends the session, because then two parties have it. Only if the answer seems to have been ' +
    'lost, which is so for ten seconds, for the same user agent and address, and until one of the new tokens is used, ' +
    'the same new tokens are given again.',
  request: { body: jsonBody(refreshBody) },
  responses: {
    200: json(refreshedSchema, 'The session with new tokens.'),
    ...problems('unauthenticated', 'forbidden'),
    ...bodyErrors,
  },
});

const logout = scopedRoute('account:write', {
  method: 'post',
  path: '/v1/auth/logout',
  operationId: 'logout',
  tags,
  summary: 'Log out',
  description:
    'Ends the session that asks, and clears its cookies, if it has any. API keys are deleted at `/v1/api-keys/{id}` ' +
    'instead.',
  responses: { 204: { description: 'The session has ended.' } },
});

const changePassword = scopedRoute('account:write', {
  method: 'post',
  path: '/v1/auth/password/change',
  operationId: 'changePassword',
  tags,
  summary: 'Change the password',
  description: 'Ends every other session. API keys keep working: delete those that you do not trust.',
  request: { body: jsonBody(changePasswordBody) },
  responses: { 204: { description: 'The new password holds.' }, ...bodyErrors },
});

/** In and out. Answers with tokens in them may not be stored on the way (RFC 6749, 5.1). */
export function authRoutes(app: Router): void {
  app.openapi(register, async (c) => {
    const { cookie, ...registration } = c.req.valid('json');
    const inCookies = wantsCookies(c, cookie);
    const signedIn = await c.var.services.auth.register({ ...registration, ...clientOf(c) });
    c.header('cache-control', 'no-store');
    return c.json(presentSignedIn(answerSession(c, signedIn, inCookies)), 201);
  });

  app.openapi(login, async (c) => {
    const { cookie, ...login } = c.req.valid('json');
    const inCookies = wantsCookies(c, cookie);
    const outcome = await c.var.services.auth.login({ ...login, ...clientOf(c) });
    c.header('cache-control', 'no-store');
    return c.json(presentSignIn('session' in outcome ? answerSession(c, outcome, inCookies) : outcome), 200);
  });

  app.openapi(refresh, async (c) => {
    const { refreshToken: given } = c.req.valid('json');
    const refreshToken = given ?? refreshCookie(c);
    if (refreshToken === undefined) throw noRefreshToken();
    const session = await c.var.services.auth.refresh({ refreshToken, ...clientOf(c) });
    c.header('cache-control', 'no-store');
    const shown = given === undefined ? setSessionCookies(c, session) : session;
    return c.json({ session: presentIssuedSession(shown) }, 200);
  });

  app.openapi(logout, async (c) => {
    await c.var.services.auth.logout(c.var.actor);
    clearSessionCookies(c);
    return c.body(null, 204);
  });

  app.openapi(changePassword, async (c) => {
    await c.var.services.auth.changePassword(c.var.actor, c.req.valid('json'));
    return c.body(null, 204);
  });
}
