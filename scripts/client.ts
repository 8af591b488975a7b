import { readEvents } from './event-stream.ts';

/** A person's view of the API: calls by HTTP, answers as JSON, refusals as exceptions that say why. */

export type Answer<T> = { status: number; body: T; headers: Headers };

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export type CallOptions = {
  method?: string;
  json?: unknown;
  form?: FormData;
  headers?: Record<string, string>;
  signal?: AbortSignal;
};

export type Session = { user: { id: string }; session: { accessToken: string } };
export type Page<T> = { items: T[]; nextCursor: string | null };
export type Named = { id: string; name: string };
export type DocumentView = {
  id: string;
  title: string;
  filename: string;
  status: string;
  error: { code: string; message: string } | null;
  chunkCount: number;
  pageCount: number | null;
};
export type JobView = {
  id: string;
  status: string;
  step: string | null;
  progressPercentage: number;
  error: { code: string; message: string } | null;
  result: unknown;
};
export type Uploaded = { document: DocumentView; job: JobView };

export type Client = ReturnType<typeof createClient>;

const ENDED = new Set(['succeeded', 'failed', 'cancelled']);

export function createClient(baseUrl: string, token?: string) {
  /** @throws ApiError for any answer that is not 2xx. */
  async function call<T>(path: string, options: CallOptions = {}): Promise<Answer<T>> {
    const { json, form, signal } = options;
    const response = await fetch(`${baseUrl}${path}`, {
      method: options.method ?? (json === undefined && form === undefined ? 'GET' : 'POST'),
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
      ...(form !== undefined && { body: form }),
      ...(signal !== undefined && { signal }),
    });
    const text = await response.text();
    const body = /[/+]json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text;
    if (!response.ok) throw refusal(response.status, body);
    return { status: response.status, body: body as T, headers: response.headers };
  }

  /** Every item of a list, page by page. */
  async function all<T>(path: string): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | null = null;
    do {
      const query: string = `${path.includes('?') ? '&' : '?'}limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`;
      const page: Page<T> = (await call<Page<T>>(`${path}${query}`)).body;
      items.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return items;
  }

  /** The job's states until it has ended: pushed by the server, asked for again where a stream breaks off. */
  async function* follow(job: JobView): AsyncGenerator<JobView> {
    let latest = job;
    while (!hasEnded(latest)) {
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(`${baseUrl}/v1/jobs/${job.id}/events`, { headers });
      if (!response.ok || response.body === null) throw refusal(response.status, await response.text());
      for await (const { data } of readEvents(response.body)) {
        latest = JSON.parse(data) as JobView;
        yield latest;
      }
    }
  }

  return {
    baseUrl,
    token,
    follow,
    call,
    all,
    as: (accessToken: string) => createClient(baseUrl, accessToken),
    /** The same client, speaking for this user, who is made when there is no such user. */
    async signIn(user: { username: string; password: string; email: string }) {
      try {
        return createClient(baseUrl, await login(user.username, user.password));
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 401) throw error;
      }
      const { body } = await call<Session>('/v1/auth/register', { json: user });
      return createClient(baseUrl, body.session.accessToken);
    },
    login,
    async upload(
      file: { name: string; bytes: Uint8Array | string; type?: string },
      fields: Record<string, string> = {},
      headers: Record<string, string> = {},
    ) {
      const form = new FormData();
      for (const [name, value] of Object.entries(fields)) form.append(name, value);
      form.append('file', new Blob([file.bytes], { type: file.type ?? 'application/octet-stream' }), file.name);
      return (await call<Uploaded>('/v1/documents', { form, headers })).body;
    },
  };

  async function login(identifier: string, password: string): Promise<string> {
    const { body } = await call<Partial<Session>>('/v1/auth/login', { json: { identifier, password } });
    if (body.session) return body.session.accessToken;
    throw new ApiError(403, 'two_factor_required', `${identifier} has a second factor; choose another account.`);
  }
}

/** Whether a job with this status will change no more. */
export const hasEnded = (job: JobView): boolean => ENDED.has(job.status);

function refusal(status: number, body: unknown): ApiError {
  const problem = typeof body === 'object' && body !== null ? body : {};
  const detail = 'detail' in problem ? String(problem.detail) : String(body).slice(0, 200);
  const code = 'code' in problem ? String(problem.code) : `http_${status}`;
  const fields = 'errors' in problem && Array.isArray(problem.errors) ? ` ${JSON.stringify(problem.errors)}` : '';
  return new ApiError(status, code, `${detail}${fields}`);
}
