import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { clientOf } from '../../../http/client-address.ts';
import type { AppContext } from '../../../http/context.ts';
import { json, jsonBody, problems, publicRoute, type Router } from '../../../http/openapi.ts';
import { answerSession, wantsCookies } from '../../../http/session-cookies.ts';
import { presentSignIn } from '../factors/two-factor.presenter.ts';
import { loginAnswerSchema } from '../factors/two-factor.schemas.ts';
import { presentOutcome, presentProviders } from './oauth.presenter.ts';
import {
  authorizationSchema,
  authorizeQuery,
  callbackQuery,
  exchangeBody,
  outcomeSchema,
  providerParam,
  providersSchema,
} from './oauth.schemas.ts';
import type { Begun } from './oauth.service.ts';

const tags = ['auth'];

const listProviders = publicRoute({
  method: 'get',
  path: '/v1/auth/oauth/providers',
  operationId: 'listOauthProviders',
  tags,
  summary: 'List who you can sign in with',
  description: 'Only what is configured: GitHub, Google, and any issuer that speaks OpenID Connect.',
  responses: { 200: json(providersSchema, 'The providers.') },
});

const authorize = publicRoute({
  method: 'get',
  path: '/v1/auth/oauth/{provider}/authorize',
  operationId: 'beginOauthLogin',
  tags,
  summary: 'Begin to sign in with a provider',
  description:
    'Open it in a browser: it sets a cookie, without which the answer is not taken, and sends the browser to the ' +
    'provider. Without `redirectUri` the callback answers with a session, like a login. With it, the browser comes ' +
    'back to the app with `?code=…` for `/v1/auth/oauth/exchange`, or with `?error=…`.',
  request: { params: providerParam, query: authorizeQuery },
  responses: {
    200: json(authorizationSchema, 'Where to send the browser.'),
    302: { description: 'On to the provider.' },
    ...problems('not_found', 'invalid_fields', 'unavailable'),
  },
});

const callback = publicRoute({
  method: 'get',
  path: '/v1/auth/oauth/{provider}/callback',
  operationId: 'finishOauth',
  tags,
  summary: 'Come back from a provider',
  description:
    'Where providers send the browser. Takes an answer once, within ten minutes, from the browser that began. Whoever ' +
    'is new here gets an account, if the provider says that their address is verified. Whoever has an account here ' +
    'with the same address gets into it if it is verified here as well; else 409: log in and link.',
  request: { params: providerParam, query: callbackQuery },
  responses: {
    200: json(
      outcomeSchema,
      'The account and a new session; or a ticket for the second factor; or the account that was linked.',
    ),
    302: { description: 'Back to the app.' },
    ...problems('unauthenticated', 'forbidden', 'not_found', 'conflict', 'invalid_fields', 'unavailable'),
  },
});

const exchange = publicRoute({
  method: 'post',
  path: '/v1/auth/oauth/exchange',
  operationId: 'exchangeOauthCode',
  tags,
  summary: 'Exchange a code for a session',
  description: 'What an app does with the `code` that it was sent back with: once, within a minute.',
  request: { body: jsonBody(exchangeBody) },
  responses: {
    200: json(loginAnswerSchema, 'The account and a new session; or a ticket for the second factor.'),
    ...problems('malformed', 'forbidden', 'too_large', 'invalid_fields'),
  },
});

/** Lets the browser be known when it comes back, by requests from elsewhere too if they only follow a link. */
export function rememberBrowser(c: Context<AppContext>, { cookie }: Begun): void {
  const { name, value, isSecure: secure, maxAgeSeconds: maxAge } = cookie;
  setCookie(c, name, value, { path: '/', httpOnly: true, sameSite: 'Lax', secure, maxAge });
  c.header('cache-control', 'no-store');
}

export const rememberedBrowser = (c: Context<AppContext>): string | undefined =>
  getCookie(c, c.var.services.oauth.cookieName);

/** Signing in by an account elsewhere. */
export function oauthRoutes(app: Router): void {
  app.openapi(listProviders, (c) => c.json(presentProviders(c.var.services.oauth.listProviders()), 200));

  app.openapi(authorize, async (c) => {
    const { mode, ...beginning } = c.req.valid('query');
    const browser = rememberedBrowser(c);
    const begun = await c.var.services.oauth.beginLogin(c.req.valid('param').provider, { ...beginning, browser });
    rememberBrowser(c, begun);
    const wantsJson = mode === undefined ? c.req.header('accept')?.includes('application/json') : mode === 'json';
    return wantsJson ? c.json({ url: begun.url }, 200) : c.redirect(begun.url, 302);
  });

  app.openapi(callback, async (c) => {
    const { iss: issuer, ...answer } = c.req.valid('query');
    const from = { browser: rememberedBrowser(c), ...clientOf(c) };
    const outcome = await c.var.services.oauth.finish(c.req.valid('param').provider, { ...answer, issuer, ...from });
    c.header('cache-control', 'no-store');
    return outcome.type === 'redirect' ? c.redirect(outcome.location, 302) : c.json(presentOutcome(outcome), 200);
  });

  app.openapi(exchange, async (c) => {
    const { cookie, ...login } = c.req.valid('json');
    const inCookies = wantsCookies(c, cookie);
    const outcome = await c.var.services.oauth.exchange({ ...login, ...clientOf(c) });
    c.header('cache-control', 'no-store');
    return c.json(presentSignIn('session' in outcome ? answerSession(c, outcome, inCookies) : outcome), 200);
  });
}
