import { expectedVersion, isNotModified } from '../../http/etag.ts';
import { idParam, json, jsonBody, problems, type Router, scopedRoute } from '../../http/openapi.ts';
import { clearSessionCookies } from '../../http/session-cookies.ts';
import { entityTag } from '../../shared/entity-tag.ts';
import { presentSession, presentUser } from './identity.presenter.ts';
import {
  changeAccountBody,
  endSessionsQuery,
  identityPageQuery,
  renameSessionBody,
  sessionPageSchema,
  sessionSchema,
  userSchema,
} from './identity.schemas.ts';

const tags = ['me'];

const get = scopedRoute('account:read', {
  method: 'get',
  path: '/v1/me',
  operationId: 'getMe',
  tags,
  summary: 'Get your account',
  description: 'Send the `ETag` back as `If-None-Match` to be told only when it has changed.',
  responses: {
    200: json(userSchema, 'Your account.'),
    304: { description: 'You have this version (`If-None-Match`).' },
  },
});

const change = scopedRoute('account:write', {
  method: 'patch',
  path: '/v1/me',
  operationId: 'changeMe',
  tags,
  summary: 'Change your account',
  description:
    'Give `If-Match` or `version` to change only what you have read. What is absent stays; null takes it back. ' +
    '`preferences` are merged with those that there are. The e-mail address is changed at `/v1/me/email`.',
  request: { body: jsonBody(changeAccountBody) },
  responses: {
    200: json(userSchema, 'Your changed account.'),
    ...problems('malformed', 'conflict', 'stale_version', 'too_large', 'invalid_fields'),
  },
});

const listSessions = scopedRoute('account:read', {
  method: 'get',
  path: '/v1/me/sessions',
  operationId: 'listSessions',
  tags,
  summary: 'List your sessions',
  description: 'Those that can still be refreshed; `isCurrent` marks the one that asks.',
  request: { query: identityPageQuery },
  responses: { 200: json(sessionPageSchema, 'One page.'), ...problems('invalid_fields') },
});

const renameSession = scopedRoute('account:write', {
  method: 'patch',
  path: '/v1/me/sessions/{id}',
  operationId: 'renameSession',
  tags,
  summary: 'Name a device',
  description: 'So that you know it again in the list.',
  request: { params: idParam('session'), body: jsonBody(renameSessionBody) },
  responses: { 200: json(sessionSchema, 'The session.'), ...problems('not_found') },
});

const endSessions = scopedRoute('account:write', {
  method: 'delete',
  path: '/v1/me/sessions',
  operationId: 'endSessions',
  tags,
  summary: 'End all your other sessions',
  description:
    'With `keepCurrent=false` the one that asks as well. As when one is ended, within 30 seconds wherever else they were ' +
    'used moments ago. API keys stay.',
  request: { query: endSessionsQuery },
  responses: { 204: { description: 'They have ended.' }, ...problems('invalid_fields') },
});

const endSession = scopedRoute('account:write', {
  method: 'delete',
  path: '/v1/me/sessions/{id}',
  operationId: 'endSession',
  tags,
  summary: 'End one of your sessions',
  description: 'Its tokens stop working at once, and within 30 seconds wherever else they were used moments ago.',
  request: { params: idParam('session') },
  responses: { 204: { description: 'It has ended.' }, ...problems('not_found', 'invalid_fields') },
});

/** A user's own account. */
export function meRoutes(app: Router): void {
  app.openapi(get, async (c) => {
    const user = await c.var.services.auth.getAccount(c.var.actor);
    const tag = entityTag(user.version);
    c.header('etag', tag);
    if (isNotModified(c, tag)) return c.body(null, 304);
    return c.json(presentUser(user), 200);
  });

  app.openapi(change, async (c) => {
    const { version, ...fields } = c.req.valid('json');
    const changes = { ...fields, expectedVersion: expectedVersion(c, version) };
    const user = await c.var.services.auth.changeAccount(c.var.actor, changes);
    c.header('etag', entityTag(user.version));
    return c.json(presentUser(user), 200);
  });

  app.openapi(listSessions, async (c) => {
    const { items, nextCursor } = await c.var.services.auth.listSessions(c.var.actor, c.req.valid('query'));
    return c.json({ items: items.map((session) => presentSession(session, c.var.actor)), nextCursor }, 200);
  });

  app.openapi(renameSession, async (c) => {
    const change = { ...c.req.valid('param'), ...c.req.valid('json') };
    const session = await c.var.services.auth.renameSession(c.var.actor, change);
    return c.json(presentSession(session, c.var.actor), 200);
  });

  app.openapi(endSessions, async (c) => {
    const keepsCurrent = c.req.valid('query').keepCurrent === 'true';
    await c.var.services.auth.endSessions(c.var.actor, { keepsCurrent });
    if (!keepsCurrent) clearSessionCookies(c);
    return c.body(null, 204);
  });

  app.openapi(endSession, async (c) => {
    await c.var.services.auth.endSession(c.var.actor, c.req.valid('param').id);
    return c.body(null, 204);
  });
}
