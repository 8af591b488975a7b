import type { Taken } from './token-bucket.ts';

/** At most `limit` calls in any stretch of time of `windowMs`. */
export type WindowPolicy = { limit: number; windowMs: number };

/** Calls that still count, by the slot of time in which they were made, oldest first. Never more than 61 slots. */
export type CallWindow = { slot: number; calls: number }[];

const SLOTS = 60;

/**
 * Counts as many of the wanted calls as the window has room for. Calls are remembered by slots of a sixtieth of the
 * window and count until the last one of their slot must: at most 1/60 longer than by a log of every call, and never
 * shorter. Unlike a count that starts anew with each hour, no two windows side by side let twice the limit through.
 */
export function takeFromWindow(
  before: CallWindow,
  { policy, wanted, now }: { policy: WindowPolicy; wanted: number; now: number },
): { window: CallWindow; taken: Taken } {
  const { limit, windowMs } = policy;
  const slotMs = Math.ceil(windowMs / SLOTS);
  const endOf = ({ slot }: { slot: number }) => (slot + 1) * slotMs + windowMs;
  const counting = before.filter((entry) => endOf(entry) > now);
  const used = counting.reduce((sum, { calls }) => sum + calls, 0);
  const granted = Math.max(0, Math.min(wanted, limit - used));
  const window = granted === 0 ? counting : withCalls(counting, { slot: Math.floor(now / slotMs), calls: granted });
  const remaining = Math.max(0, limit - used - granted);
  const newest = window.at(-1);
  return {
    window,
    taken: {
      granted,
      remaining,
      retryAfterMs: remaining > 0 ? 0 : freeAt(window, { limit, endOf }) - now,
      resetMs: newest ? endOf(newest) - now : 0,
    },
  };
}

/** A clock that went back counts in the newest slot. */
function withCalls(window: CallWindow, { slot, calls }: CallWindow[number]): CallWindow {
  const newest = window.at(-1);
  if (!newest || newest.slot < slot) return [...window, { slot, calls }];
  return [...window.slice(0, -1), { slot: newest.slot, calls: newest.calls + calls }];
}

/** When so many slots have left the window that there is room again. */
function freeAt(window: CallWindow, { limit, endOf }: { limit: number; endOf: (entry: CallWindow[number]) => number }) {
  let used = window.reduce((sum, { calls }) => sum + calls, 0);
  for (const entry of window) {
    used -= entry.calls;
    if (used < limit) return endOf(entry);
  }
  return 0;
}
