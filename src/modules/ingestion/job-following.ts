const SECOND_MS = 1000;

/** Then a followed job's stream ends, and the client comes back with Last-Event-ID. */
export const FOLLOW_MS = 5 * 60 * SECOND_MS;

/** Comment lines keep proxies from closing a quiet stream. */
export const HEARTBEAT_MS = 15 * SECOND_MS;

/** After this time a client comes back whose stream has ended. */
export const RECONNECT_MS = 1 * SECOND_MS;

/**
 * How long to wait before a job is looked at again that has been followed for this time. Most jobs end within seconds;
 * of the others news may be some seconds old. One stream takes less than 200 looks, each one round trip.
 */
export function lookAgainMs(followedMs: number): number {
  if (followedMs < 10 * SECOND_MS) return SECOND_MS / 2;
  return followedMs < 60 * SECOND_MS ? SECOND_MS : 2 * SECOND_MS;
}

/** The version of the job that a client saw last: what Last-Event-ID says; 0 for what no stream of ours gave. */
export function versionSeen(lastEventId: string | undefined): number {
  return /^\d{1,15}$/.test(lastEventId ?? '') ? Number(lastEventId) : 0;
}
