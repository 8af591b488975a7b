import { isNotModified } from '../../http/etag.ts';
import { json, problems, type Router, scopedRoute } from '../../http/openapi.ts';
import { presentUser } from './identity.presenter.ts';
import { userSchema } from './identity.schemas.ts';
import { PICTURE_TYPES } from './picture.ts';

const tags = ['me'];
const binary = { schema: { type: 'string' as const, format: 'binary' } };
const picture = Object.fromEntries(PICTURE_TYPES.map((type) => [type, binary]));

const put = scopedRoute('account:write', {
  method: 'put',
  path: '/v1/me/avatar',
  operationId: 'putAvatar',
  tags,
  summary: 'Set your picture',
  description:
    'The bytes of a PNG, JPEG, WebP or GIF as the body: at most 1 MB and 4,096 pixels to a side. What they are is read ' +
    'from the bytes, whatever `Content-Type` says.',
  requestBody: { required: true, content: picture },
  responses: {
    200: json(userSchema, 'Your account with the picture.'),
    ...problems('too_large', 'unsupported_media_type', 'invalid_fields'),
  },
});

const get = scopedRoute('account:read', {
  method: 'get',
  path: '/v1/me/avatar',
  operationId: 'getAvatar',
  tags,
  summary: 'Get your picture',
  description: 'Byte for byte as it was set. Each picture has an `ETag` of its own.',
  responses: {
    200: { description: 'The picture.', content: picture },
    304: { description: 'You have this picture (`If-None-Match`).' },
    ...problems('not_found'),
  },
});

const remove = scopedRoute('account:write', {
  method: 'delete',
  path: '/v1/me/avatar',
  operationId: 'deleteAvatar',
  tags,
  summary: 'Remove your picture',
  description: 'For good.',
  responses: { 204: { description: 'It is gone.' }, ...problems('not_found') },
});

/** A user's picture. */
export function avatarRoutes(app: Router): void {
  app.openapi(put, async (c) => {
    const user = await c.var.services.avatars.replace(c.var.actor, c.req.raw.body);
    return c.json(presentUser(user), 200);
  });

  app.openapi(get, async (c) => {
    const avatar = await c.var.services.avatars.get(c.var.actor);
    const etag = `"${avatar.id}"`;
    if (isNotModified(c, etag)) return c.body(null, 304, { etag });
    return c.body(await c.var.services.avatars.open(c.var.actor, avatar), 200, {
      'content-type': avatar.mediaType,
      'content-length': String(avatar.sizeBytes),
      'cache-control': 'private, no-cache',
      etag,
    });
  });

  app.openapi(remove, async (c) => {
    await c.var.services.avatars.remove(c.var.actor);
    return c.body(null, 204);
  });
}
