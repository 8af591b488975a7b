import { clientAddress } from '../../http/client-address.ts';
import { json, jsonBody, problems, publicRoute, type Router, scopedRoute } from '../../http/openapi.ts';
import { presentSignIn } from './factors/two-factor.presenter.ts';
import { loginAnswerSchema } from './factors/two-factor.schemas.ts';
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
    '`/v1/auth/two-factor/verify`.',
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
    'was already exchanged ends the session, because then two parties have it.',
  request: { body: jsonBody(refreshBody) },
  responses: {
    200: json(refreshedSchema, 'The session with new tokens.'),
    ...problems('unauthenticated'),
    ...bodyErrors,
  },
});

const logout = scopedRoute('account:write', {
  method: 'post',
  path: '/v1/auth/logout',
  operationId: 'logout',
  tags,
  summary: 'Log out',
  description: 'Ends the session that asks. API keys are deleted at `/v1/api-keys/{id}` instead.',
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
    const registration = { ...c.req.valid('json'), userAgent: c.req.header('user-agent') };
    const signedIn = await c.var.services.auth.register(registration);
    c.header('cache-control', 'no-store');
    return c.json(presentSignedIn(signedIn), 201);
  });

  app.openapi(login, async (c) => {
    const outcome = await c.var.services.auth.login({
      ...c.req.valid('json'),
      userAgent: c.req.header('user-agent'),
      address: clientAddress(c),
    });
    c.header('cache-control', 'no-store');
    return c.json(presentSignIn(outcome), 200);
  });

  app.openapi(refresh, async (c) => {
    const session = await c.var.services.auth.refresh({
      ...c.req.valid('json'),
      userAgent: c.req.header('user-agent'),
    });
    c.header('cache-control', 'no-store');
    return c.json({ session: presentIssuedSession(session) }, 200);
  });

  app.openapi(logout, async (c) => {
    await c.var.services.auth.logout(c.var.actor);
    return c.body(null, 204);
  });

  app.openapi(changePassword, async (c) => {
    await c.var.services.auth.changePassword(c.var.actor, c.req.valid('json'));
    return c.body(null, 204);
  });
}
