import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import worker from '../../src/index.ts';

export type Answer<T = unknown> = { status: number; body: T; headers: Headers; response: Response };

export type Call = {
  method?: string;
  /** Sent as JSON unless it is FormData or a string. */
  body?: unknown;
  token?: string | undefined;
  headers?: Record<string, string>;
  /** Where the request goes, instead of over plain HTTP. */
  origin?: string;
  /** Another isolate of the Worker, with bindings and variables of its own. */
  bindings?: typeof env;
};

/** One request to the Worker, as a client would send it. Waits for the work that it leaves behind. */
export async function call<T = any>(path: string, options: Call = {}): Promise<Answer<T>> {
  const response = await send(path, options);
  // Not by `text()`, which warns of bodies that are no text; who wants the bytes reads them from the response.
  const text = new TextDecoder().decode(await response.clone().arrayBuffer());
  // The answer to HEAD has the type of a body that it does not bring.
  const isJson = text !== '' && /[/+]json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    body: (isJson ? JSON.parse(text) : text) as T,
    headers: response.headers,
    response,
  };
}

export async function send(
  path: string,
  { method, body, token, headers, origin = 'http://commonplace.test', bindings = env }: Call = {},
): Promise<Response> {
  const raw = body instanceof FormData || typeof body === 'string' || body instanceof ReadableStream;
  const request = new Request(`${origin}${path}`, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && !raw && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: raw ? (body as BodyInit) : JSON.stringify(body) }),
  });
  const context = createExecutionContext();
  const response = await worker.fetch(request as Request<unknown, IncomingRequestCfProperties>, bindings, context);
  await waitOnExecutionContext(context);
  return response;
}
