import { createExpiringCache } from '../../shared/expiring-cache.ts';
import { createWriteBuffer } from '../../shared/write-buffer.ts';
import type { LimitEvent } from './limits.table.ts';

/** Something to be told of a subject; `account` names whose it is until that is looked up. */
export type LimitNote = LimitEvent & { account?: string | undefined };

export type LimitNotes = {
  /** Takes a note. @returns whether the caller must see to it that what was gathered is written. */
  add(note: LimitNote): boolean;
  /** Takes out what has been gathered: one note for each subject, those first that were refused most. */
  take(limit: number): LimitNote[];
};

/** Notes of all requests within this time are written together. */
export const NOTES_DELAY_MS = 250;
/** Who keeps asking is not told of each time. */
const REPEAT_AFTER_MS = 10_000;
const MAX_REMEMBERED = 1_000;
const REMEMBERED_MS = 60_000;

type Told = { at: number /** Since then, told of nowhere. */; refusals: number };

/**
 * Gathers in this isolate who came near a limit, so that neither a busy user nor a flood makes a write for each request.
 * The first refusal of a subject is told at once; further ones are counted and told of every ten seconds.
 */
export function createLimitNotes({ now }: { now: () => number }): LimitNotes {
  const buffer = createWriteBuffer<LimitNote>({ delayMs: NOTES_DELAY_MS, now });
  const told = createExpiringCache<Told>({ ttlMs: REMEMBERED_MS, maxEntries: MAX_REMEMBERED, now });

  return {
    add(note) {
      // That somebody was locked out, or is no more, happens once.
      if (note.kind === 'attempts' && note.refusals === 0) return buffer.add(note);
      const key = `${note.refusals > 0} ${note.subject}`;
      const known = told.get(key);
      if (known && now() < known.at + REPEAT_AFTER_MS) {
        known.refusals += note.refusals;
        return false;
      }
      told.set(key, { at: now(), refusals: 0 });
      return buffer.add({ ...note, refusals: note.refusals + (known?.refusals ?? 0) });
    },

    take(limit) {
      const subjects = new Map<string, LimitNote>();
      for (const note of buffer.take()) {
        const before = subjects.get(note.subject);
        const refusals = note.refusals + (before?.refusals ?? 0);
        subjects.set(note.subject, { ...note, refusals, refusedAt: note.refusedAt ?? before?.refusedAt ?? null });
      }
      return [...subjects.values()].sort((a, b) => b.refusals - a.refusals).slice(0, limit);
    },
  };
}
