import { env } from 'cloudflare:workers';
import { expect } from 'vitest';
import { newUser, type TestUser } from './actors.ts';
import { type Answer, type Call, call } from './app.ts';
import { unrecorded } from './statement-recorder.ts';

export type AuditEntry = {
  seq: number;
  id: string;
  at: string;
  actorType: string;
  actorId: string | null;
  credentialId: string | null;
  accountId: string | null;
  action: string;
  objectType: string | null;
  objectId: string | null;
  outcome: string;
  errorCode: string | null;
  requestId: string;
  address: string | null;
  client: string | null;
  isSecurity: boolean;
  details: Record<string, unknown>;
  previousHash: string | null;
  hash: string | null;
};

export type Verification = {
  ok: boolean;
  checkedTo: number;
  entries: number;
  unsealed: number;
  problem: { seq: number; reason: string } | null;
  head: { seq: number; hash: string } | null;
  nextAfter: number | null;
};

/** The database without the check of statements: tests may scan, and tamper. */
export const rawDatabase = () => unrecorded(env.DB);

/** An administrator. */
export async function newAdmin(): Promise<TestUser> {
  const admin = await newUser();
  await env.DB.prepare("update users set role = 'admin' where id = ?").bind(admin.user.id).run();
  const { body } = await call('/v1/auth/login', {
    body: { identifier: admin.user.username, password: admin.password },
  });
  return { ...admin, sessionId: body.session.id, token: body.session.accessToken };
}

/** The entries that match, as an administrator sees them, newest first. */
export async function entries(admin: Pick<TestUser, 'token'>, filter: Record<string, string>): Promise<AuditEntry[]> {
  const query = new URLSearchParams(filter);
  const { status, body } = await call<{ items: AuditEntry[] }>(`/v1/admin/audit-logs?${query}`, admin);
  expect(status, JSON.stringify(body)).toBe(200);
  return body.items;
}

/** A call, and the entries that it left, without those of jobs that it started, which bear its id too. */
export async function watched<T = any>(
  admin: Pick<TestUser, 'token'>,
  { path, ...options }: Call & { path: string },
): Promise<{ answer: Answer<T>; left: AuditEntry[] }> {
  const requestId = `watched-${crypto.randomUUID()}`;
  const answer = await call<T>(path, { ...options, headers: { ...options.headers, 'x-request-id': requestId } });
  const left = await entries(admin, { requestId });
  return { answer, left: left.filter(({ actorType }) => actorType !== 'job') };
}

/** How the log stands, looked at from its beginning to its end. */
export async function verified(admin: Pick<TestUser, 'token'>, query = ''): Promise<Verification> {
  const { status, body } = await call<Verification>(`/v1/admin/audit-logs/verify?${query}`, admin);
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}
