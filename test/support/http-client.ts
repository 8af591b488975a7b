import { setTimeout as sleep } from 'node:timers/promises';
import type { DocumentView, JobView } from './library.ts';

type Options = { method?: string; body?: BodyInit | object; headers?: Record<string, string> };

/** A client of a server in another process, logged in as a user of its own. */
export async function connect(url: string) {
  const name = `user-${crypto.randomUUID().slice(0, 13)}`;
  let token = '';

  const request = async <T>(
    path: string,
    { method, body, headers = {} }: Options = {},
  ): Promise<{ status: number; body: T }> => {
    const form = body instanceof FormData;
    const response = await fetch(url + path, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && !form && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: form ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as T };
  };

  const registered = await request<{ session: { accessToken: string } }>('/v1/auth/register', {
    body: { email: `${name}@example.com`, username: name, password: `Pw-${crypto.randomUUID()}` },
  });
  if (registered.status !== 201) throw new Error(`Registering answered ${registered.status}.`);
  token = registered.body.session.accessToken;

  const form = (filename: string, content: Uint8Array<ArrayBuffer>) => {
    const data = new FormData();
    data.set('file', new File([content], filename));
    return data;
  };

  return {
    request,

    upload: (filename: string, content: Uint8Array<ArrayBuffer>) =>
      request<{ document: DocumentView; job: JobView }>('/v1/documents', { body: form(filename, content) }),

    replace: (id: string, { filename, content }: { filename: string; content: Uint8Array<ArrayBuffer> }) =>
      request<{ document: DocumentView; job: JobView }>(`/v1/documents/${id}/content`, {
        method: 'PUT',
        body: form(filename, content),
      }),

    /** Waits until the document is ready or failed. */
    async settled(id: string, patienceMs: number): Promise<DocumentView> {
      for (const until = Date.now() + patienceMs; ; ) {
        const { body } = await request<DocumentView>(`/v1/documents/${id}`);
        if (body.status === 'ready' || body.status === 'failed') return body;
        if (Date.now() > until) throw new Error(`Document ${id} is still ${body.status} after ${patienceMs} ms.`);
        await sleep(50);
      }
    },
  };
}

export type Client = Awaited<ReturnType<typeof connect>>;
