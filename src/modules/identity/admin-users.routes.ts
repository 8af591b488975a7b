import { expectedVersion } from '../../http/etag.ts';
import { idParam, json, jsonBody, problems, type Router, scopedRoute } from '../../http/openapi.ts';
import { entityTag } from '../../shared/entity-tag.ts';
import { presentAdminUser } from './admin-users.presenter.ts';
import {
  adminSessionPageSchema,
  adminUserPageSchema,
  adminUserSchema,
  changeUserBody,
  createdUserSchema,
  listUsersQuery,
  newUserBody,
  userStatisticsSchema,
} from './admin-users.schemas.ts';
import { presentSession } from './identity.presenter.ts';
import { identityPageQuery } from './identity.schemas.ts';

const tags = ['admin'];
const params = idParam('user');

const list = scopedRoute('admin', {
  method: 'get',
  path: '/v1/admin/users',
  operationId: 'listUsers',
  tags,
  summary: 'List and search accounts',
  description: 'All filters must hold. Sorted by `lastLoginAt`, accounts that have never logged in are left out.',
  request: { query: listUsersQuery },
  responses: { 200: json(adminUserPageSchema, 'One page.'), ...problems('invalid_fields') },
});

const statistics = scopedRoute('admin', {
  method: 'get',
  path: '/v1/admin/users/statistics',
  operationId: 'getUserStatistics',
  tags,
  summary: 'Count the accounts',
  description: 'Kept up to date with every change: asking costs the same, however many accounts there are.',
  responses: { 200: json(userStatisticsSchema, 'The numbers.') },
});

const get = scopedRoute('admin', {
  method: 'get',
  path: '/v1/admin/users/{id}',
  operationId: 'getUser',
  tags,
  summary: 'Get an account',
  description: 'What is known of it but what its user owns, which is nobody else’s business.',
  request: { params },
  responses: { 200: json(adminUserSchema, 'The account.'), ...problems('not_found', 'invalid_fields') },
});

const create = scopedRoute('admin', {
  method: 'post',
  path: '/v1/admin/users',
  operationId: 'createUser',
  tags,
  summary: 'Make an account',
  description: 'Also while nobody may register. Whoever is invited verifies their address by choosing a password.',
  request: { body: jsonBody(newUserBody) },
  responses: {
    201: json(createdUserSchema, 'The account.'),
    ...problems('malformed', 'conflict', 'too_large', 'invalid_fields'),
  },
});

const change = scopedRoute('admin', {
  method: 'patch',
  path: '/v1/admin/users/{id}',
  operationId: 'changeUser',
  tags,
  summary: 'Change an account',
  description:
    'Role, status and full name; of your own account the name only (409 `own_account`). A role takes effect within 30 ' +
    'seconds. The last active administrator stays one (409 `last_admin`).',
  request: { params, body: jsonBody(changeUserBody) },
  responses: {
    200: json(adminUserSchema, 'The changed account.'),
    ...problems('malformed', 'not_found', 'conflict', 'stale_version', 'too_large', 'invalid_fields'),
  },
});

const deactivate = scopedRoute('admin', {
  method: 'post',
  path: '/v1/admin/users/{id}/deactivate',
  operationId: 'deactivateUser',
  tags,
  summary: 'Deactivate an account',
  description:
    'Ends its sessions and stops its API keys: at once, and within 30 seconds wherever else they were used moments ago. ' +
    'Nothing that it owns is lost. Not your own (409 `own_account`), nor the last administrator’s (409 `last_admin`).',
  request: { params },
  responses: { 200: json(adminUserSchema, 'The account.'), ...problems('not_found', 'conflict', 'invalid_fields') },
});

const reactivate = scopedRoute('admin', {
  method: 'post',
  path: '/v1/admin/users/{id}/reactivate',
  operationId: 'reactivateUser',
  tags,
  summary: 'Reactivate an account',
  description: 'Its user can log in again, and its API keys work as before.',
  request: { params },
  responses: { 200: json(adminUserSchema, 'The account.'), ...problems('not_found', 'invalid_fields') },
});

const listSessions = scopedRoute('admin', {
  method: 'get',
  path: '/v1/admin/users/{id}/sessions',
  operationId: 'listUserSessions',
  tags,
  summary: 'List the sessions of an account',
  description: 'Those that can still be refreshed.',
  request: { params, query: identityPageQuery },
  responses: { 200: json(adminSessionPageSchema, 'One page.'), ...problems('not_found', 'invalid_fields') },
});

const endSessions = scopedRoute('admin', {
  method: 'delete',
  path: '/v1/admin/users/{id}/sessions',
  operationId: 'endUserSessions',
  tags,
  summary: 'End all sessions of an account',
  description: 'API keys stay. Your own end at `/v1/me/sessions` (409 `own_account`).',
  request: { params },
  responses: { 204: { description: 'They have ended.' }, ...problems('not_found', 'conflict', 'invalid_fields') },
});

const forceReset = scopedRoute('admin', {
  method: 'post',
  path: '/v1/admin/users/{id}/force-reset',
  operationId: 'forcePasswordReset',
  tags,
  summary: 'Have an account choose a new password',
  description:
    'Makes its password worthless, ends its sessions and mails a link to choose another. API keys stay. Not your own ' +
    '(409 `own_account`), nor that of a deactivated account (409 `account_deactivated`).',
  request: { params },
  responses: {
    200: json(adminUserSchema, 'The account; the mail is on its way.'),
    ...problems('not_found', 'conflict', 'invalid_fields'),
  },
});

const endTwoFactor = scopedRoute('admin', {
  method: 'delete',
  path: '/v1/admin/users/{id}/two-factor',
  operationId: 'endTwoFactorOfUser',
  tags,
  summary: 'Turn off the second factor of an account',
  description:
    'For somebody who has lost their authenticator app and their recovery codes; make sure that it is them who asks. ' +
    'Removes both, ends the sessions and tells the owner by mail. Passkeys stay. Not your own (409 `own_account`), nor ' +
    'where there is none (409 `two_factor_disabled`).',
  request: { params },
  responses: { 200: json(adminUserSchema, 'The account.'), ...problems('not_found', 'conflict', 'invalid_fields') },
});

/** Other people's accounts. */
export function adminUserRoutes(app: Router): void {
  app.openapi(list, async (c) => {
    const { createdAfter: createdFrom, createdBefore: createdTo, ...query } = c.req.valid('query');
    const { emailVerified, lastLoginAfter: lastLoginFrom, ...search } = query;
    const isEmailVerified = emailVerified === undefined ? undefined : emailVerified === 'true';
    const filter = { createdFrom, createdTo, lastLoginFrom, isEmailVerified };
    const { items, nextCursor } = await c.var.services.adminUsers.list({ ...search, ...filter });
    return c.json({ items: items.map(presentAdminUser), nextCursor }, 200);
  });

  app.openapi(statistics, async (c) => c.json(await c.var.services.adminUsers.statistics(), 200));

  app.openapi(get, async (c) => {
    const user = await c.var.services.adminUsers.get(c.req.valid('param').id);
    c.header('etag', entityTag(user.version));
    return c.json(presentAdminUser(user), 200);
  });

  app.openapi(create, async (c) => {
    const { user, password = null } = await c.var.services.adminUsers.create(c.var.actor, c.req.valid('json'));
    c.header('cache-control', 'no-store');
    c.header('location', `/v1/admin/users/${user.id}`);
    return c.json({ ...presentAdminUser(user), password }, 201);
  });

  app.openapi(change, async (c) => {
    const { version, ...changes } = c.req.valid('json');
    const { id } = c.req.valid('param');
    const wanted = { id, changes, expectedVersion: expectedVersion(c, version) };
    const user = await c.var.services.adminUsers.change(c.var.actor, wanted);
    c.header('etag', entityTag(user.version));
    return c.json(presentAdminUser(user), 200);
  });

  app.openapi(deactivate, async (c) => {
    const user = await c.var.services.adminUsers.deactivate(c.var.actor, c.req.valid('param').id);
    return c.json(presentAdminUser(user), 200);
  });

  app.openapi(reactivate, async (c) => {
    const user = await c.var.services.adminUsers.reactivate(c.var.actor, c.req.valid('param').id);
    return c.json(presentAdminUser(user), 200);
  });

  app.openapi(listSessions, async (c) => {
    const { id } = c.req.valid('param');
    const { items, nextCursor } = await c.var.services.adminUsers.listSessions(id, c.req.valid('query'));
    return c.json({ items: items.map((session) => presentSession(session, c.var.actor)), nextCursor }, 200);
  });

  app.openapi(endSessions, async (c) => {
    await c.var.services.adminUsers.endSessions(c.var.actor, c.req.valid('param').id);
    return c.body(null, 204);
  });

  app.openapi(endTwoFactor, async (c) => {
    const user = await c.var.services.adminUsers.endTwoFactor(c.var.actor, c.req.valid('param').id);
    return c.json(presentAdminUser(user), 200);
  });

  app.openapi(forceReset, async (c) => {
    const user = await c.var.services.adminUsers.forceReset(c.var.actor, c.req.valid('param').id);
    return c.json(presentAdminUser(user), 200);
  });
}
