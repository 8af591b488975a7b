import { idParam, json, jsonBody, problems, type Router, scopedRoute } from '../../../http/openapi.ts';
import { presentOauthAccount } from './oauth.presenter.ts';
import { rememberBrowser, rememberedBrowser } from './oauth.routes.ts';
import {
  authorizationSchema,
  linkBody,
  oauthAccountPageQuery,
  oauthAccountPageSchema,
  providerParam,
} from './oauth.schemas.ts';

const tags = ['me'];

const list = scopedRoute('account:read', {
  method: 'get',
  path: '/v1/me/oauth-accounts',
  operationId: 'listOauthAccounts',
  tags,
  summary: 'List the accounts that you sign in with',
  description: 'Accounts at GitHub, Google or elsewhere that are linked to yours.',
  request: { query: oauthAccountPageQuery },
  responses: { 200: json(oauthAccountPageSchema, 'One page.'), ...problems('invalid_fields') },
});

const link = scopedRoute('account:write', {
  method: 'post',
  path: '/v1/me/oauth-accounts/{provider}/authorize',
  operationId: 'beginOauthLink',
  tags,
  summary: 'Begin to link an account elsewhere',
  description:
    'Needs a session that was opened in the last 15 minutes and lasts until the account is linked. Open the `url` in the browser that keeps the cookie of ' +
    'this answer. It comes back to the callback, or, with `redirectUri`, to the app with `?linked=…` or `?error=…`.',
  request: { params: providerParam, body: jsonBody(linkBody) },
  responses: {
    200: json(authorizationSchema, 'Where to send the browser.'),
    ...problems('not_found', 'malformed', 'too_large', 'invalid_fields', 'unavailable'),
  },
});

const unlink = scopedRoute('account:write', {
  method: 'delete',
  path: '/v1/me/oauth-accounts/{id}',
  operationId: 'unlinkOauthAccount',
  tags,
  summary: 'Unlink an account elsewhere',
  description:
    'Forgets its tokens; sessions stay. Needs a session that was opened in the last 15 minutes. Refused while it is your only way in: an account that was ' +
    'made by signing in elsewhere has no password until you set one by `/v1/auth/password/forgot`.',
  request: { params: idParam('linked account') },
  responses: {
    204: { description: 'It is no longer linked.' },
    ...problems('not_found', 'conflict', 'invalid_fields'),
  },
});

/** The accounts elsewhere that a user signs in with. */
export function oauthAccountRoutes(app: Router): void {
  app.openapi(list, async (c) => {
    const { items, nextCursor } = await c.var.services.oauthAccounts.list(c.var.actor, c.req.valid('query'));
    return c.json({ items: items.map(presentOauthAccount), nextCursor }, 200);
  });

  app.openapi(link, async (c) => {
    const beginning = { ...c.req.valid('json'), browser: rememberedBrowser(c) };
    const begun = await c.var.services.oauth.beginLink(c.var.actor, c.req.valid('param').provider, beginning);
    rememberBrowser(c, begun);
    return c.json({ url: begun.url }, 200);
  });

  app.openapi(unlink, async (c) => {
    await c.var.services.oauthAccounts.unlink(c.var.actor, c.req.valid('param').id);
    return c.body(null, 204);
  });
}
