import { bodyLimit } from 'hono/body-limit';
import { createMiddleware } from 'hono/factory';
import type { Config } from '../../config.ts';
import { AppError } from '../../shared/app-error.ts';
import type { AppContext } from '../context.ts';

/** Bounds every body but uploads, which are streamed and count their own bytes, and those of GET, which nobody reads. */
export const limitBody = (config: Config) => {
  const limited = bodyLimit({
    maxSize: config.MAX_JSON_BYTES,
    onError: () => {
      throw new AppError('too_large', `The body may have at most ${config.MAX_JSON_BYTES} bytes.`);
    },
  });
  return createMiddleware<AppContext>((c, next) =>
    UNREAD.includes(c.req.method) || isStreamed(c.req.header('content-type')) ? next() : limited(c, next),
  );
};

const UNREAD = ['GET', 'HEAD'];

/** Whether the body is a form with a file in it. */
export const isUpload = (contentType = '') => contentType.toLowerCase().startsWith('multipart/form-data');

/** Whether the body is bytes of a file that comes over several requests. */
export const isPiece = (contentType = '') => contentType.toLowerCase().startsWith(PIECE_TYPE);

/** The media type of such bytes (tus 1.0.0). */
export const PIECE_TYPE = 'application/offset+octet-stream';

const isStreamed = (contentType?: string) => isUpload(contentType) || isPiece(contentType);
