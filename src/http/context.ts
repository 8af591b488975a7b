import type { Env } from '../env.ts';
import type { Standing } from '../limit-objects/request-limits.ts';
import type { Logger } from '../platform/logger.ts';
import type { Services } from '../services.ts';
import type { Actor } from '../shared/actor.ts';

/** What every request carries. `actor` is set by `authorize`, which each route that is not public runs. */
export type AppContext = {
  Bindings: Env;
  Variables: {
    requestId: string;
    logger: Logger;
    services: Services;
    actor: Actor;
    /** Set when the call was counted against limits. */
    standings?: Standing[];
  };
};
