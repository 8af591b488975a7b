import { DurableObject } from 'cloudflare:workers';
import type { Env } from '../env.ts';
import { beginAttempt, forgiveAttempt, forgottenAt, type Lockout, type LockoutPolicy } from './lockout.ts';

const STATE = 'state';

/**
 * Counts attempts at one secret, or from one address. Every count is on disk before it is answered, and no two callers
 * see the same count. An alarm forgets everything when it no longer matters.
 */
export class AttemptGuard extends DurableObject<Env> {
  /**
   * @returns milliseconds to wait, 0 when the attempt is counted and may be made; and until when there is a wait for the
   * next one, in milliseconds since the epoch.
   */
  begin(policy: LockoutPolicy): { waitMs: number; blockedUntil: number } {
    const { state, retryAfterMs: waitMs } = beginAttempt(this.#state(), { policy, now: Date.now() });
    if (waitMs === 0) {
      this.ctx.storage.kv.put(STATE, state);
      this.ctx.waitUntil(this.ctx.storage.setAlarm(forgottenAt(state, policy)));
    }
    return { waitMs, blockedUntil: state.blockedUntil };
  }

  /** Takes back one attempt. */
  forgive(): void {
    const state = this.#state();
    if (state) this.ctx.storage.kv.put(STATE, forgiveAttempt(state));
  }

  /** Forgets all attempts. @returns whether there were any. */
  clear(): boolean {
    return this.ctx.storage.kv.delete(STATE);
  }

  /** Leaves nothing on disk. @returns how many values are left: zero. */
  async erase(): Promise<number> {
    const { storage } = this.ctx;
    await storage.deleteAlarm();
    await storage.deleteAll();
    return (await storage.list({ limit: 1 })).size;
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.deleteAll();
  }

  #state(): Lockout | undefined {
    return this.ctx.storage.kv.get<Lockout>(STATE);
  }
}
