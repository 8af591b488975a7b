import type { Context } from 'hono';
import { addressKey } from '../limit-objects/subject.ts';
import type { AppContext } from './context.ts';

/** What the caller's address is counted under. Undefined where nothing in front of the Worker says it. */
export function clientAddress(c: Context<AppContext>): string | undefined {
  const ip = c.req.header('cf-connecting-ip');
  return ip === undefined || ip === '' ? undefined : addressKey(ip);
}

/** The program on the other side, and where it is. */
export const clientOf = (c: Context<AppContext>) => ({
  userAgent: c.req.header('user-agent'),
  address: clientAddress(c),
});
