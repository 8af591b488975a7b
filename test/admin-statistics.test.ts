import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { newAdmin, newUser, type TestUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { rowsReadBy } from './support/rows-read.ts';
import { unrecorded } from './support/statement-recorder.ts';

type Statistics = {
  total: number;
  byStatus: { active: number; deactivated: number };
  byRole: { user: number; admin: number };
  byEmail: { verified: number; unverified: number };
  newPerDay: { day: string; count: number }[];
  active: { lastDay: number; last7Days: number; last30Days: number };
};

const PATH = '/v1/admin/users/statistics';

const database = unrecorded(env.DB);
let admin: TestUser;

const set = (id: string, column: string, value: string | number) =>
  env.DB.prepare(`update users set ${column} = ? where id = ?`).bind(value, id).run();

beforeAll(async () => {
  admin = await newAdmin();
});

describe('the statistics of accounts', () => {
  const statistics = async () => (await call<Statistics>(PATH, { token: admin.token })).body;

  it('are what counting says, whoever wrote', async () => {
    const today = (numbers: Statistics) => numbers.newPerDay.at(-1);
    const before = today(await statistics());
    const [kept, gone] = await Promise.all([newUser(), newUser()]);
    await set(kept.user.id, 'email_verified_at', 5);
    await set(kept.user.id, 'role', 'admin');
    await set(gone.user.id, 'status', 'deactivated');
    await set(gone.user.id, 'last_active_on', '2019-01-01');
    const removed = await newUser();
    await env.DB.prepare('delete from users where id = ?').bind(removed.user.id).run();

    const numbers = await statistics();
    const count = async (where: string) =>
      (await database
        .prepare(`/* test */ select count(*) as total from users where ${where}`)
        .first<number>('total')) ?? 0;
    expect(numbers).toMatchObject({
      total: await count('true'),
      byStatus: { active: await count("status = 'active'"), deactivated: await count("status = 'deactivated'") },
      byRole: { user: await count("role = 'user'"), admin: await count("role = 'admin'") },
      byEmail: {
        verified: await count('email_verified_at is not null'),
        unverified: await count('email_verified_at is null'),
      },
    });
    expect(numbers.newPerDay).toHaveLength(30);
    // Three were made, and one removed.
    expect(today(numbers)).toEqual({ day: new Date().toISOString().slice(0, 10), count: (before?.count ?? 0) + 2 });
    expect(numbers.active).toEqual({
      lastDay: await count("last_active_on = date('now')"),
      last7Days: await count("last_active_on > date('now', '-7 days')"),
      last30Days: await count("last_active_on > date('now', '-30 days')"),
    });
  });

  it('count an account’s activity once, on its last day', async () => {
    const { user } = await newUser();
    const before = (await statistics()).active;
    const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
    await set(user.id, 'last_active_on', daysAgo(6));
    expect((await statistics()).active).toEqual({ ...before, lastDay: before.lastDay - 1 });
    await set(user.id, 'last_active_on', daysAgo(29));
    expect((await statistics()).active).toEqual({
      lastDay: before.lastDay - 1,
      last7Days: before.last7Days - 1,
      last30Days: before.last30Days,
    });
    await set(user.id, 'last_active_on', daysAgo(30));
    expect((await statistics()).active.last30Days).toBe(before.last30Days - 1);
  });

  it('are read without reading any account', async () => {
    await Promise.all(Array.from({ length: 80 }, () => newUser()));
    const { rows, body } = await rowsReadBy<Statistics>(PATH, admin);
    expect(body.total).toBeGreaterThan(80);
    expect(rows).toBeLessThanOrEqual(66);
  });
});
