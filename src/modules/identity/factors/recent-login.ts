import { recentLoginRequired } from './factors.errors.ts';

/** How long after a login its session may do what otherwise needs another proof of who asks. */
const RECENT_LOGIN_MS = 15 * 60_000;

/** What `requireRecentSession` of the identity repository is to require, and how it refuses. */
export const recentLogin = (now: number, refusal: () => Error = recentLoginRequired) => ({
  since: now - RECENT_LOGIN_MS,
  refusal,
});
