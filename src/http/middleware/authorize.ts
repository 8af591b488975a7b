import { createMiddleware } from 'hono/factory';
import type { Scope } from '../../shared/actor.ts';
import { AppError } from '../../shared/app-error.ts';
import type { AppContext } from '../context.ts';
import { requireSameOrigin, sessionCookie } from '../session-cookies.ts';
import { countActor, countAddress } from './rate-limit.ts';

const BEARER = /^Bearer ([\w.~+/-]{1,200}=*)$/i;

/** Says who is calling, counts the call, and stops those whose credential lacks the scope. */
export const authorize = (scope: Scope) =>
  createMiddleware<AppContext>(async (c, next) => {
    const { services } = c.var;
    const cookie = sessionCookie(c);
    const token = cookie ?? BEARER.exec(c.req.header('authorization') ?? '')?.[1];
    const identified = token === undefined ? undefined : services.authenticate(token);
    const [actor] = await Promise.all([identified, services.settings.ready()]);
    if (!actor) {
      await countAddress(c);
      throw new AppError('unauthenticated', 'Send a valid access token or API key as `Authorization: Bearer …`.');
    }
    c.set('actor', actor);
    await countActor(c);
    if (cookie !== undefined) requireSameOrigin(c);
    if (!actor.scopes.has(scope)) throw new AppError('forbidden', `This needs a credential with the scope ${scope}.`);
    await next();
  });
