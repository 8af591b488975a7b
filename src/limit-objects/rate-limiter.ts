import { DurableObject } from 'cloudflare:workers';
import type { Env } from '../env.ts';
import { type Bucket, type Taken, type TakeRequest, takeTokens } from './token-bucket.ts';

const BUCKET = 'bucket';

/**
 * The calls that one subject (a user, an API key, an address) has left. The bucket lives in memory, and in storage only
 * while it is less than half full: an object that is evicted forgets half a quota at most, and who stays far from their
 * limit costs no write. An alarm empties the storage when the bucket is full again.
 */
export class RateLimiter extends DurableObject<Env> {
  #bucket: Bucket | undefined = this.ctx.storage.kv.get<Bucket>(BUCKET);
  #alarmAt: number | undefined;

  take(request: TakeRequest): Taken {
    const now = Date.now();
    const { bucket, taken } = takeTokens(this.#bucket, { ...request, now });
    this.#bucket = bucket;
    if (taken.remaining < request.policy.capacity / 2) this.#keep(bucket, { now, fullAt: now + taken.resetMs });
    return taken;
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
    await this.ctx.storage.deleteAll();
  }

  /** The caller does not wait for the disk: losing the last few takes in a crash is less than eviction may lose. */
  #keep(bucket: Bucket, { now, fullAt }: { now: number; fullAt: number }): void {
    const { storage } = this.ctx;
    this.ctx.waitUntil(storage.put(BUCKET, bucket, { allowUnconfirmed: true }));
    if (this.#alarmAt !== undefined && this.#alarmAt > now) return;
    this.#alarmAt = fullAt;
    this.ctx.waitUntil(storage.setAlarm(fullAt, { allowUnconfirmed: true }));
  }
}
