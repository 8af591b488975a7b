import { json, jsonBody, problems, publicRoute, type Router, scopedRoute } from '../../http/openapi.ts';
import { deleteAccountBody } from '../identity/identity.schemas.ts';
import { presentBegun, presentErasure } from './erasure.presenter.ts';
import { erasureBegunSchema, erasureSchema, receiptParam } from './erasure.schemas.ts';

const tags = ['me'];

const begin = scopedRoute('account:write', {
  method: 'delete',
  path: '/v1/me',
  operationId: 'deleteMe',
  tags,
  summary: 'Delete your account and everything that you own',
  description:
    'At once and for good: no credential of yours works any more, and your e-mail address and username are free again. ' +
    'A job erases everything everywhere and ends when it has looked into every store and found nothing. Only a session ' +
    'can do this (403 `session_required`), and your password is asked. The last administrator cannot (409 `last_admin`).',
  request: { body: jsonBody(deleteAccountBody) },
  responses: { 202: json(erasureBegunSchema, 'It has begun.'), ...problems('malformed', 'invalid_fields', 'conflict') },
});

const get = publicRoute({
  method: 'get',
  path: '/v1/erasures/{token}',
  operationId: 'getErasure',
  tags,
  summary: 'Ask how far the erasure of an account is',
  description: 'By the receipt that its deletion gave. It names nobody, and is forgotten 90 days after the end.',
  request: { params: receiptParam },
  responses: { 200: json(erasureSchema, 'Its state.'), ...problems('not_found', 'invalid_fields') },
});

/** The end of an account. */
export function erasureRoutes(app: Router): void {
  app.openapi(begin, async (c) => {
    const begun = presentBegun(await c.var.services.erasures.begin(c.var.actor, c.req.valid('json')));
    c.header('location', begun.statusUrl);
    c.header('cache-control', 'no-store');
    return c.json(begun, 202);
  });

  app.openapi(get, async (c) => {
    c.header('cache-control', 'no-store');
    return c.json(presentErasure(await c.var.services.erasures.get(c.req.valid('param').token)), 200);
  });
}
