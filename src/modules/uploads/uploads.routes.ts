import type { Context } from 'hono';
import type { AppContext } from '../../http/context.ts';
import { isPiece, PIECE_TYPE } from '../../http/middleware/body-limit.ts';
import { idParam, json, problems, publicRoute, type Router, scopedRoute } from '../../http/openapi.ts';
import { judgeTusRequest, TUS_VERSION, tusVersion } from '../../http/tus.ts';
import { invalidField } from '../../shared/app-error.ts';
import { CHECKSUM_ALGORITHMS, parseChecksum } from './checksum.ts';
import type { Arrival } from './upload-writer.ts';
import { notBytes } from './uploads.errors.ts';
import { presentUpload, progressHeaders, uploadHeaders } from './uploads.presenter.ts';
import * as schemas from './uploads.schemas.ts';

const tags = ['uploads'];
const params = idParam('upload');
const { TUS_EXTENSIONS } = schemas;
const piece = (required: boolean) => ({
  required,
  content: { [PIECE_TYPE]: { schema: { type: 'string' as const, format: 'binary' } } },
});
const versionErrors = problems('unsupported_version', 'invalid_fields');
const byteErrors = problems('malformed', 'conflict', 'too_large', 'unsupported_media_type', 'checksum_mismatch');

const discover = publicRoute({
  method: 'options',
  path: '/v1/uploads',
  operationId: 'discoverUploads',
  tags,
  summary: 'Ask what the server supports of tus',
  responses: { 204: { description: 'Version, extensions, limits.', headers: schemas.discoveryAnswer } },
});

const create = scopedRoute('documents:write', {
  method: 'post',
  path: '/v1/uploads',
  operationId: 'createUpload',
  tags,
  summary: 'Begin an upload over several requests',
  description:
    'For large files and bad lines, by the protocol tus 1.0.0 (https://tus.io), which has clients for many languages. ' +
    'Announce the file, add its bytes by PATCH, and ask by HEAD where to go on after a failure. With the last byte it ' +
    'becomes a document of the same id, as if it had come by `POST /v1/documents`. The first bytes may come along, as ' +
    `\`${PIECE_TYPE}\`. It is discarded if it is not finished by \`Upload-Expires\`.`,
  request: { headers: schemas.creationHeaders },
  requestBody: piece(false),
  responses: {
    201: { ...json(schemas.uploadSchema, 'It has begun.'), headers: schemas.creationAnswer },
    ...versionErrors,
    ...byteErrors,
  },
});

const list = scopedRoute('documents:write', {
  method: 'get',
  path: '/v1/uploads',
  operationId: 'listUploads',
  tags,
  summary: 'List uploads',
  description: 'Those under way, and for a while what became of them.',
  request: { query: schemas.listUploadsQuery },
  responses: { 200: json(schemas.uploadPageSchema, 'One page.'), ...problems('invalid_fields') },
});

const get = scopedRoute('documents:write', {
  method: 'get',
  path: '/v1/uploads/{id}',
  operationId: 'getUpload',
  tags,
  summary: 'Ask how far an upload is',
  description: 'By HEAD, as the protocol has it, or by GET.',
  request: { params, headers: schemas.readingHeaders },
  responses: {
    200: { ...json(schemas.uploadSchema, 'The upload.'), headers: schemas.uploadAnswer },
    ...problems('not_found', 'gone'),
    ...versionErrors,
  },
});

const progressed = { description: 'They are safe.', headers: schemas.progressAnswer };

const append = scopedRoute('documents:write', {
  method: 'patch',
  path: '/v1/uploads/{id}',
  operationId: 'appendToUpload',
  tags,
  summary: 'Add bytes to an upload',
  description:
    'Any number of bytes. If the line breaks off, what has arrived is kept. With `Upload-Checksum`, all of it is kept or ' +
    'nothing (460). Of two requests at once the later one goes on, and the other gets 409. `Link` names the document ' +
    'when there is one. The collection, or the document, that it was meant for is passed over if it has been deleted.',
  request: { params, headers: schemas.appendHeaders },
  requestBody: piece(true),
  responses: { 204: progressed, ...problems('not_found', 'gone'), ...versionErrors, ...byteErrors },
});

const terminate = scopedRoute('documents:write', {
  method: 'delete',
  path: '/v1/uploads/{id}',
  operationId: 'deleteUpload',
  tags,
  summary: 'Discard an upload',
  description: 'With all its bytes. A document that it has become stays.',
  request: { params, headers: schemas.terminationHeaders },
  responses: {
    204: { description: 'It is gone.' },
    ...problems('not_found', 'gone', 'conflict', 'too_large'),
    ...versionErrors,
  },
});

const override = scopedRoute('documents:write', {
  method: 'post',
  path: '/v1/uploads/{id}',
  operationId: 'overrideUploadMethod',
  tags,
  summary: 'Add bytes or discard, for clients that cannot send PATCH and DELETE',
  description: 'Does what the method in `X-HTTP-Method-Override` does.',
  request: { params, headers: schemas.overrideHeaders },
  requestBody: piece(false),
  responses: { 204: progressed, ...problems('not_found', 'gone'), ...versionErrors, ...byteErrors },
});

/** Uploads over several requests: the protocol tus 1.0.0. */
export function uploadRoutes(app: Router): void {
  app.use('/v1/uploads/*', tusVersion);

  app.openapi(discover, (c) =>
    c.body(null, 204, {
      'tus-version': TUS_VERSION,
      'tus-extension': TUS_EXTENSIONS,
      'tus-max-size': String(c.var.services.uploads.maxBytes()),
      'tus-checksum-algorithm': CHECKSUM_ALGORITHMS.join(','),
    }),
  );

  app.openapi(
    create,
    async (c) => {
      const headers = c.req.valid('header');
      refuseOtherExtensions(c);
      const upload = await c.var.services.uploads.create(c.var.actor, {
        sizeBytes: headers['Upload-Length'],
        metadata: headers['Upload-Metadata'],
        arrival: hasBytes(c) ? arrivalOf(c, headers['Upload-Checksum']) : undefined,
      });
      c.header('location', `/v1/uploads/${upload.id}`);
      return c.json(presentUpload(upload), 201, progressHeaders(upload));
    },
    judgeTusRequest,
  );

  app.openapi(list, async (c) => {
    const page = await c.var.services.uploads.list(c.var.actor, c.req.valid('query'));
    return c.json({ items: page.items.map(presentUpload), nextCursor: page.nextCursor }, 200);
  });

  app.openapi(
    get,
    async (c) => {
      const upload = await c.var.services.uploads.get(c.var.actor, c.req.valid('param').id);
      return c.json(presentUpload(upload), 200, uploadHeaders(upload));
    },
    judgeTusRequest,
  );

  app.openapi(
    append,
    async (c) => {
      const { 'Upload-Offset': offset, 'Upload-Checksum': checksum } = c.req.valid('header');
      return c.body(null, 204, await appended(c, { id: c.req.valid('param').id, offset, checksum }));
    },
    judgeTusRequest,
  );

  app.openapi(
    terminate,
    async (c) => {
      await c.var.services.uploads.terminate(c.var.actor, c.req.valid('param').id);
      return c.body(null, 204);
    },
    judgeTusRequest,
  );

  app.openapi(
    override,
    async (c) => {
      const { id } = c.req.valid('param');
      const headers = c.req.valid('header');
      if (headers['X-HTTP-Method-Override'] === 'DELETE') {
        await c.var.services.uploads.terminate(c.var.actor, id);
        return c.body(null, 204);
      }
      const { 'Upload-Offset': offset, 'Upload-Checksum': checksum } = headers;
      if (offset === undefined) throw invalidField('Upload-Offset', 'It is needed to add bytes.');
      return c.body(null, 204, await appended(c, { id, offset, checksum }));
    },
    judgeTusRequest,
  );
}

type Piece = { id: string; offset: number; checksum: string | undefined };

/** Adds the bytes of a request. @returns the headers that say how far it is. */
async function appended(c: Context<AppContext>, { id, offset, checksum }: Piece): Promise<Record<string, string>> {
  if (!isPiece(c.req.header('content-type'))) throw notBytes(PIECE_TYPE);
  const arrival = arrivalOf(c, checksum);
  return progressHeaders(await c.var.services.uploads.append(c.var.actor, { id, offset, arrival }));
}

/** @throws AppError malformed */
function arrivalOf(c: Context<AppContext>, checksum: string | undefined): Arrival {
  return {
    body: c.req.raw.body,
    declaredBytes: declaredBytes(c),
    checksum: checksum === undefined ? undefined : parseChecksum(checksum),
  };
}

function declaredBytes(c: Context<AppContext>): number | undefined {
  const given = c.req.header('content-length');
  return given === undefined || !/^\d{1,15}$/.test(given) ? undefined : Number(given);
}

/** Whether the first bytes come along. @throws AppError unsupported_media_type for a body of anything else. */
function hasBytes(c: Context<AppContext>): boolean {
  if (isPiece(c.req.header('content-type'))) return true;
  if ((declaredBytes(c) ?? 0) > 0) throw notBytes(PIECE_TYPE);
  return false;
}

/** What would be misunderstood if it were passed over. */
function refuseOtherExtensions(c: Context<AppContext>): void {
  const unknown = ['Upload-Concat', 'Upload-Defer-Length'].find((name) => c.req.header(name) !== undefined);
  if (unknown !== undefined) throw invalidField(unknown, 'The server does not have this extension of tus.');
}
