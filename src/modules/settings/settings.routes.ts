import { expectedVersion } from '../../http/etag.ts';
import { json, jsonBody, problems, type Router, scopedRoute } from '../../http/openapi.ts';
import { entityTag } from '../../shared/entity-tag.ts';
import { presentSetting } from './settings.presenter.ts';
import { changeSettingBody, settingListSchema, settingParam, settingSchema } from './settings.schemas.ts';

const tags = ['admin'];

const list = scopedRoute('admin', {
  method: 'get',
  path: '/v1/admin/settings',
  operationId: 'listSettings',
  tags,
  summary: 'List the settings',
  description: 'What can be changed without deploying, with the value that holds and the default.',
  responses: { 200: json(settingListSchema, 'All of them.') },
});

const get = scopedRoute('admin', {
  method: 'get',
  path: '/v1/admin/settings/{key}',
  operationId: 'getSetting',
  tags,
  summary: 'Get a setting',
  description: 'Its `ETag` is `"0"` until it is changed for the first time.',
  request: { params: settingParam },
  responses: { 200: json(settingSchema, 'The setting.'), ...problems('not_found', 'invalid_fields') },
});

const change = scopedRoute('admin', {
  method: 'patch',
  path: '/v1/admin/settings/{key}',
  operationId: 'changeSetting',
  tags,
  summary: 'Change a setting',
  description:
    'Takes effect at once here, and everywhere within 30 seconds. Give `If-Match` or `version` to change only what you ' +
    'have read.',
  request: { params: settingParam, body: jsonBody(changeSettingBody) },
  responses: {
    200: json(settingSchema, 'The changed setting.'),
    ...problems('malformed', 'not_found', 'stale_version', 'invalid_fields'),
  },
});

const reset = scopedRoute('admin', {
  method: 'delete',
  path: '/v1/admin/settings/{key}',
  operationId: 'resetSetting',
  tags,
  summary: 'Reset a setting',
  description: 'To the default as deployed. Takes effect as a change does.',
  request: { params: settingParam },
  responses: {
    200: json(settingSchema, 'The setting with its default.'),
    ...problems('not_found', 'stale_version', 'invalid_fields'),
  },
});

/** What operators may change without deploying. */
export function settingRoutes(app: Router): void {
  app.openapi(list, async (c) => {
    const settings = await c.var.services.settings.list();
    return c.json({ items: settings.map(presentSetting) }, 200);
  });

  app.openapi(get, async (c) => {
    const setting = await c.var.services.settings.get(c.req.valid('param').key);
    c.header('etag', entityTag(setting.version));
    return c.json(presentSetting(setting), 200);
  });

  app.openapi(change, async (c) => {
    const { value, version } = c.req.valid('json');
    const { key: name } = c.req.valid('param');
    const change = { name, value, expectedVersion: expectedVersion(c, version) };
    const setting = await c.var.services.settings.change(c.var.actor, change);
    c.header('etag', entityTag(setting.version));
    return c.json(presentSetting(setting), 200);
  });

  app.openapi(reset, async (c) => {
    const setting = { name: c.req.valid('param').key, expectedVersion: expectedVersion(c) };
    const asDeployed = await c.var.services.settings.reset(c.var.actor, setting);
    c.header('etag', entityTag(asDeployed.version));
    return c.json(presentSetting(asDeployed), 200);
  });
}
