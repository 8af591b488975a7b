import type { Database, Statement } from '../../db/client.ts';
import { requireChange } from '../../db/sql.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { JobQueue } from '../../platform/queue/job-queue.ts';
import { wakeUpSchema } from '../../platform/queue/wake-up.ts';
import type { Actor } from '../../shared/actor.ts';
import { notFound } from '../../shared/app-error.ts';
import type { PageRequest } from '../../shared/page.ts';
import { createDeadLettersRepository } from './dead-letters.repository.ts';
import type { DeadLetter } from './dead-letters.table.ts';
import { letterNotReadable } from './ingestion.errors.ts';

export type { DeadLetter } from './dead-letters.table.ts';
export type DeadLetterReason = DeadLetter['reason'];

type Deps = {
  database: Database;
  clock: Clock;
  ids: Ids;
  queue: JobQueue;
  requireAdmin: (actor: Actor) => Statement[];
};

type Message = Pick<DeadLetter, 'messageId' | 'reason' | 'attempts'> & { body: unknown };

const MAX_BODY_CHARS = 2_000;
const KEPT_FOR_MS = 30 * 24 * 60 * 60_000;

/** Messages of the queue that came to nothing: kept for administrators, who send them again or throw them away. */
export function createDeadLettersService({ database, clock, ids, queue, requireAdmin }: Deps) {
  const repository = createDeadLettersRepository(database);

  /** What goes with the removal of a letter. Gone, it is nobody's any more. */
  const removal = (actor: Actor, id: string): Statement[] => [
    ...requireAdmin(actor),
    repository.remove(id),
    requireChange(database, () => notFound('dead letter')),
  ];

  return {
    async keep({ body, ...message }: Message): Promise<void> {
      const text = JSON.stringify(body) ?? 'null';
      const row = { id: ids.next(), ...message, body: text.slice(0, MAX_BODY_CHARS), createdAt: clock.now() };
      await database.commit([repository.insert(row)]);
    },

    list: (page: Omit<PageRequest, 'sort'> & { sort: 'createdAt' }) => repository.list(page),

    /** Sends a message again. @throws letter_not_readable if this version cannot read it either. */
    async replay(actor: Actor, id: string): Promise<void> {
      const [letter] = await repository.select(id);
      if (!letter) throw notFound('dead letter');
      const wakeUp = wakeUpSchema.safeParse(parseJson(letter.body));
      if (!wakeUp.success) throw letterNotReadable();
      await database.commit(removal(actor, id));
      if ('jobId' in wakeUp.data) await queue.wake([wakeUp.data.jobId]);
      else await queue.wakeErasures([wakeUp.data.erasureId]);
    },

    async discard(actor: Actor, id: string): Promise<void> {
      await database.commit(removal(actor, id));
    },

    /** Forgets what nobody looked at for a month. @returns how many. */
    async removeOld(): Promise<number> {
      const [removed] = await database.commit([repository.removeBefore(clock.now() - KEPT_FOR_MS)]);
      return removed.length;
    },
  };
}

export type DeadLettersService = ReturnType<typeof createDeadLettersService>;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
