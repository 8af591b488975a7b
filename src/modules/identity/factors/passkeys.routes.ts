import { expectedVersion } from '../../../http/etag.ts';
import { idParam, json, jsonBody, problems, type Router, scopedRoute } from '../../../http/openapi.ts';
import { entityTag } from '../../../shared/entity-tag.ts';
import { presentPasskey } from './passkeys.presenter.ts';
import {
  changePasskeyBody,
  passkeyPageQuery,
  passkeyPageSchema,
  passkeySchema,
  registerPasskeyBody,
  registrationOptionsSchema,
} from './passkeys.schemas.ts';

const tags = ['passkeys'];
const params = idParam('passkey');

const list = scopedRoute('account:read', {
  method: 'get',
  path: '/v1/me/passkeys',
  operationId: 'listPasskeys',
  tags,
  summary: 'List your passkeys',
  description: 'Each logs in without your password, and completes a login with it.',
  request: { query: passkeyPageQuery },
  responses: { 200: json(passkeyPageSchema, 'One page.'), ...problems('invalid_fields') },
});

const startRegistration = scopedRoute('account:write', {
  method: 'post',
  path: '/v1/me/passkeys/registration/options',
  operationId: 'startPasskeyRegistration',
  tags,
  summary: 'Begin to add a passkey',
  description:
    'Give the answer to `navigator.credentials.create` on a page of this service, within five minutes. Takes a session ' +
    'that was opened in the last 15 minutes. An installation needs a domain name for passkeys: 409 ' +
    '`passkeys_not_configured`.',
  responses: { 200: json(registrationOptionsSchema, 'The options for the browser.'), ...problems('conflict') },
});

const register = scopedRoute('account:write', {
  method: 'post',
  path: '/v1/me/passkeys/registration/verify',
  operationId: 'registerPasskey',
  tags,
  summary: 'Add a passkey',
  description: 'With what the browser has made of the options. Tells you by mail. You can have 20.',
  request: { body: jsonBody(registerPasskeyBody) },
  responses: { 201: json(passkeySchema, 'The passkey.'), ...problems('conflict') },
});

const change = scopedRoute('account:write', {
  method: 'patch',
  path: '/v1/me/passkeys/{id}',
  operationId: 'renamePasskey',
  tags,
  summary: 'Rename a passkey',
  description: 'Give `If-Match` or `version` to change only what you have read (412 otherwise).',
  request: { params, body: jsonBody(changePasskeyBody) },
  responses: { 200: json(passkeySchema, 'The renamed passkey.'), ...problems('not_found', 'stale_version') },
});

const remove = scopedRoute('account:write', {
  method: 'delete',
  path: '/v1/me/passkeys/{id}',
  operationId: 'deletePasskey',
  tags,
  summary: 'Delete a passkey',
  description:
    'It logs in no more; sessions stay. Takes a session that was opened in the last 15 minutes, and tells you by mail.',
  request: { params },
  responses: { 204: { description: 'It is gone.' }, ...problems('not_found', 'stale_version', 'invalid_fields') },
});

/** Passkeys of the one who asks. */
export function passkeyRoutes(app: Router): void {
  app.openapi(list, async (c) => {
    const { items, nextCursor } = await c.var.services.passkeys.list(c.var.actor, c.req.valid('query'));
    return c.json({ items: items.map(presentPasskey), nextCursor }, 200);
  });

  app.openapi(startRegistration, async (c) => {
    const publicKey = await c.var.services.passkeys.startRegistration(c.var.actor);
    c.header('cache-control', 'no-store');
    return c.json({ publicKey }, 200);
  });

  app.openapi(register, async (c) => {
    const passkey = await c.var.services.passkeys.register(c.var.actor, c.req.valid('json'));
    c.header('etag', entityTag(passkey.version));
    return c.json(presentPasskey(passkey), 201);
  });

  app.openapi(change, async (c) => {
    const { name, version } = c.req.valid('json');
    const { id } = c.req.valid('param');
    const wanted = { id, name, expectedVersion: expectedVersion(c, version) };
    const passkey = await c.var.services.passkeys.rename(c.var.actor, wanted);
    c.header('etag', entityTag(passkey.version));
    return c.json(presentPasskey(passkey), 200);
  });

  app.openapi(remove, async (c) => {
    const { id } = c.req.valid('param');
    await c.var.services.passkeys.remove(c.var.actor, { id, expectedVersion: expectedVersion(c) });
    return c.body(null, 204);
  });
}
