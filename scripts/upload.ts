import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { request as secureRequest } from 'node:https';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { ApiError, type Uploaded } from './client.ts';

const MEDIA_TYPES: Record<string, string> = {
  '.pdf': 'application/pdf',
  '.docx': 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  '.html': 'text/html',
  '.htm': 'text/html',
  '.md': 'text/markdown',
  '.txt': 'text/plain',
};

type Upload = {
  baseUrl: string;
  token: string;
  file: string;
  /** Told after each piece how many bytes of the file have left this process. */
  onProgress: (sentBytes: number, totalBytes: number) => void;
};

/**
 * Sends a file of any size without reading it into memory.
 * @throws ApiError when the server refuses it.
 */
export async function uploadFile({ baseUrl, token, file, onProgress }: Upload): Promise<Uploaded> {
  const { size } = await stat(file);
  const boundary = `commonplace-${randomUUID()}`;
  const name = path.basename(file).replace(/[\r\n"]/g, '_');
  const type = MEDIA_TYPES[path.extname(file).toLowerCase()] ?? 'application/octet-stream';
  const head = Buffer.from(
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: ${type}\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);

  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const url = new URL('/v1/documents', baseUrl);
    const outgoing = (url.protocol === 'https:' ? secureRequest : request)(url.href, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': `multipart/form-data; boundary=${boundary}`,
        'content-length': head.length + size + tail.length,
      },
    });
    outgoing.on('response', resolve);
    outgoing.on('error', reject);
    outgoing.write(head);
    let sent = 0;
    const source = createReadStream(file);
    source.on('error', reject);
    source.on('data', (piece) => {
      sent += piece.length;
      const counted = sent;
      if (!outgoing.write(piece, () => onProgress(counted, size))) source.pause();
    });
    outgoing.on('drain', () => source.resume());
    source.on('end', () => outgoing.end(tail));
  });

  const answer = await text(response);
  const status = response.statusCode ?? 0;
  const body = JSON.parse(answer);
  if (status !== 202) throw new ApiError(status, body.code ?? `http_${status}`, body.detail ?? answer.slice(0, 200));
  return body;
}
