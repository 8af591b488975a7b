import { ApiError, type Client, createClient } from './client.ts';
import { DEFAULT_PORT, SEED_USER } from './project.ts';

/** Options of every verb that talks to a running server, for `parseArgs`. */
export const SESSION_OPTIONS = {
  url: { type: 'string', default: `http://127.0.0.1:${process.env.PORT ?? DEFAULT_PORT}` },
  user: { type: 'string', default: SEED_USER.username },
  password: { type: 'string', default: SEED_USER.password },
} as const;

export type SessionOptions = { url: string; user: string; password: string };

export async function logIn({ url, user, password }: SessionOptions): Promise<Client> {
  const visitor = createClient(url.replace(/\/$/, ''));
  return visitor.as(await visitor.login(user, password));
}

/** What went wrong, for the person at the terminal. */
export function explain(error: unknown, { url, user }: SessionOptions): string {
  if (error instanceof ApiError && error.status === 401) {
    return `${url} does not know ${user} with this password. Choose with --user and --password.`;
  }
  if (error instanceof ApiError) return `The server refused: ${error.message} (${error.status})`;
  if (error instanceof Error && 'path' in error && 'code' in error && error.code === 'ENOENT') {
    return `There is no file ${error.path}`;
  }
  if (isUnreachable(error)) return `No server answers at ${url}. Start one with: npm start`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function isUnreachable(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND') return true;
  return error instanceof Error && error.cause !== undefined && isUnreachable(error.cause);
}
