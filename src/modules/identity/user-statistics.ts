/** Numbers of accounts. Days are those of UTC. */
export type UserNumbers = {
  total: number;
  byStatus: { active: number; deactivated: number };
  byRole: { user: number; admin: number };
  byEmail: { verified: number; unverified: number };
  /** The last 30 days, today last. */
  newPerDay: { day: string; count: number }[];
  /** Accounts that were active today, in the last 7 and in the last 30 days, today included. */
  active: { lastDay: number; last7Days: number; last30Days: number };
};

type Counted = { kind: string; key: string; total: number };

const DAY_MS = 24 * 60 * 60 * 1000;
const DAYS = 30;
const WEEK_DAYS = 7;

const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);

/**
 * Adds up what triggers have counted. An account's activity is the day on which it was last active, so that the sum over
 * days counts each once. Reads at most 66 rows, however many accounts there are.
 */
export async function summarise(
  now: number,
  read: (since: string) => Promise<readonly Counted[]>,
): Promise<UserNumbers> {
  const days = Array.from({ length: DAYS }, (_, index) => dayOf(now - (DAYS - 1 - index) * DAY_MS));
  const counted = await read(days[0] ?? '');
  const totals = new Map(counted.map(({ kind, key, total }) => [`${kind} ${key}`, total]));
  const of = (kind: string, key: string) => totals.get(`${kind} ${key}`) ?? 0;
  const activeIn = (count: number) => days.slice(-count).reduce((sum, day) => sum + of('active', day), 0);
  const byStatus = { active: of('status', 'active'), deactivated: of('status', 'deactivated') };
  return {
    total: byStatus.active + byStatus.deactivated,
    byStatus,
    byRole: { user: of('role', 'user'), admin: of('role', 'admin') },
    byEmail: { verified: of('email', 'verified'), unverified: of('email', 'unverified') },
    newPerDay: days.map((day) => ({ day, count: of('created', day) })),
    active: { lastDay: activeIn(1), last7Days: activeIn(WEEK_DAYS), last30Days: activeIn(DAYS) },
  };
}
