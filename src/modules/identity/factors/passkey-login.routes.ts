import { clientOf } from '../../../http/client-address.ts';
import { json, jsonBody, problems, publicRoute, type Router } from '../../../http/openapi.ts';
import { answerSession, wantsCookies } from '../../../http/session-cookies.ts';
import { presentSignedIn } from '../identity.presenter.ts';
import { signedInSchema } from '../identity.schemas.ts';
import { assertionOptionsSchema, passkeyFactorBody, passkeyLoginBody, ticketBody } from './passkeys.schemas.ts';

const tags = ['passkeys'];

const start = publicRoute({
  method: 'post',
  path: '/v1/auth/passkeys/options',
  operationId: 'startPasskeyLogin',
  tags,
  summary: 'Begin to log in with a passkey',
  description:
    'Without a username: the browser knows its passkeys. Give the answer to `navigator.credentials.get` on a page of this ' +
    'service, within five minutes.',
  responses: { 200: json(assertionOptionsSchema, 'The options for the browser.'), ...problems('conflict') },
});

const verify = publicRoute({
  method: 'post',
  path: '/v1/auth/passkeys/verify',
  operationId: 'logInWithPasskey',
  tags,
  summary: 'Log in with a passkey',
  description:
    'With what the browser has made of the options. A passkey asks for its user by itself, so no second factor is asked ' +
    'for. Answers the same whatever is wrong.',
  request: { body: jsonBody(passkeyLoginBody) },
  responses: {
    200: json(signedInSchema, 'The account and a new session.'),
    ...problems('unauthenticated', 'conflict'),
  },
});

const startSecondFactor = publicRoute({
  method: 'post',
  path: '/v1/auth/two-factor/passkey/options',
  operationId: 'startPasskeySecondFactor',
  tags,
  summary: 'Begin to complete a login with a passkey',
  description: 'With the ticket that the login answered. Ends the options that were given before.',
  request: { body: jsonBody(ticketBody) },
  responses: {
    200: json(assertionOptionsSchema, 'The options for the browser.'),
    ...problems('unauthenticated', 'conflict'),
  },
});

const verifySecondFactor = publicRoute({
  method: 'post',
  path: '/v1/auth/two-factor/passkey/verify',
  operationId: 'verifyPasskeySecondFactor',
  tags,
  summary: 'Complete a login with a passkey',
  description:
    'With the ticket, and what the browser has made of its options. Attempts are counted as those of codes are.',
  request: { body: jsonBody(passkeyFactorBody) },
  responses: {
    200: json(signedInSchema, 'The account and a new session.'),
    ...problems('unauthenticated', 'conflict'),
  },
});

/** Logins by passkey. */
export function passkeyLoginRoutes(app: Router): void {
  app.openapi(start, async (c) => {
    const publicKey = await c.var.services.passkeyLogin.start();
    c.header('cache-control', 'no-store');
    return c.json({ publicKey }, 200);
  });

  app.openapi(verify, async (c) => {
    const { cookie, ...login } = c.req.valid('json');
    const inCookies = wantsCookies(c, cookie);
    const signedIn = await c.var.services.passkeyLogin.verify({ ...login, ...clientOf(c) });
    c.header('cache-control', 'no-store');
    return c.json(presentSignedIn(answerSession(c, signedIn, inCookies)), 200);
  });

  app.openapi(startSecondFactor, async (c) => {
    const publicKey = await c.var.services.passkeyLogin.startSecondFactor(c.req.valid('json').ticket);
    c.header('cache-control', 'no-store');
    return c.json({ publicKey }, 200);
  });

  app.openapi(verifySecondFactor, async (c) => {
    const { cookie, ...login } = c.req.valid('json');
    const inCookies = wantsCookies(c, cookie);
    const signedIn = await c.var.services.passkeyLogin.verifySecondFactor({ ...login, ...clientOf(c) });
    c.header('cache-control', 'no-store');
    return c.json(presentSignedIn(answerSession(c, signedIn, inCookies)), 200);
  });
}
