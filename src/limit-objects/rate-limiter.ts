import { DurableObject } from 'cloudflare:workers';
import type { Env } from '../env.ts';
import { type CallWindow, takeFromWindow, type WindowPolicy } from './sliding-window.ts';
import { type Bucket, type BucketPolicy, type Taken, takeTokens } from './token-bucket.ts';

/** What a subject may do: in one go and evenly over a minute, and in any hour. Either may be absent. */
export type Policies = { bucket?: BucketPolicy | undefined; window?: WindowPolicy | undefined };

/** How many calls were granted, and how the subject stands with each of the policies then. */
export type Granted = { granted: number; bucket?: Taken | undefined; window?: Taken | undefined };

type Asked = Policies & { /** At least 1. */ wanted: number };
/** Calls of the last hour, and until when any of them counts. */
type KeptWindow = { calls: CallWindow; until: number };

const BUCKET = 'bucket';
const WINDOW = 'window';

/**
 * The calls that one subject (a user, an API key, an address) has left. The bucket lives in memory, and in storage only
 * while it is less than half full: an object that is evicted forgets half a quota at most, and who stays far from their
 * limit costs no write. The window is written at every take, because an hour outlives most objects. An alarm empties
 * the storage when nothing in it matters any more.
 */
export class RateLimiter extends DurableObject<Env> {
  #bucket: Bucket | undefined = this.ctx.storage.kv.get<Bucket>(BUCKET);
  #window: KeptWindow | undefined = this.ctx.storage.kv.get<KeptWindow>(WINDOW);
  #alarmAt: number | undefined;

  /** Grants as many of the wanted calls as every policy has room for; what one refuses, none counts. */
  take(asked: Asked): Granted {
    const now = Date.now();
    const free = this.#try({ ...asked, wanted: 0 }, now);
    const rooms = [free.bucket?.taken.remaining, free.window?.taken.remaining];
    const granted = Math.min(asked.wanted, ...rooms.filter((room) => room !== undefined));
    const { bucket, window } = this.#try({ ...asked, wanted: granted }, now);
    if (bucket) this.#keepBucket(bucket, { asked, now });
    if (window && granted > 0) {
      this.#window = { calls: window.window, until: now + window.taken.resetMs };
      this.#keep(WINDOW, { value: this.#window, now, until: this.#window.until });
    }
    return { granted, bucket: bucket?.taken, window: window?.taken };
  }

  /** Leaves nothing on disk or in memory. @returns how many values are left: zero. */
  async erase(): Promise<number> {
    const { storage } = this.ctx;
    this.#bucket = undefined;
    this.#alarmAt = undefined;
    await storage.deleteAlarm();
    await storage.deleteAll();
    return (await storage.list({ limit: 1 })).size;
  }

  override async alarm(): Promise<void> {
    this.#alarmAt = undefined;
    const { storage } = this.ctx;
    if (this.#window === undefined || this.#window.until <= Date.now()) return storage.deleteAll();
    storage.kv.delete(BUCKET);
    await storage.setAlarm(this.#window.until);
  }

  #try({ bucket, window, wanted }: Asked, now: number) {
    return {
      bucket: bucket && takeTokens(this.#bucket, { policy: bucket, wanted, now }),
      window: window && takeFromWindow(this.#window?.calls ?? [], { policy: window, wanted, now }),
    };
  }

  #keepBucket({ bucket, taken }: ReturnType<typeof takeTokens>, { asked, now }: { asked: Asked; now: number }): void {
    this.#bucket = bucket;
    if (taken.remaining >= (asked.bucket?.capacity ?? 0) / 2) return;
    this.#keep(BUCKET, { value: bucket, now, until: now + taken.resetMs });
  }

  /** The caller does not wait for the disk: losing the last few takes in a crash is less than eviction may lose. */
  #keep(key: string, { value, now, until }: { value: Bucket | KeptWindow; now: number; until: number }): void {
    const { storage } = this.ctx;
    this.ctx.waitUntil(storage.put(key, value, { allowUnconfirmed: true }));
    if (this.#alarmAt !== undefined && this.#alarmAt > now) return;
    this.#alarmAt = until;
    this.ctx.waitUntil(storage.setAlarm(until, { allowUnconfirmed: true }));
  }
}
