import { type AttemptPolicy, attempt, TimeoutError } from '../../shared/attempts.ts';
import { BreakerOpenError, createBreaker } from '../../shared/breaker.ts';
import { type Mail, MailError, type Mailer } from './mail.ts';

/** Three tries end within the 30 seconds that work may take after an answer. */
const POLICY: Omit<AttemptPolicy, 'isTransient'> = { attempts: 3, timeoutMs: 8_000, firstDelayMs: 250 };
const BREAKER_THRESHOLD_FAILURES = 5;
const BREAKER_COOL_DOWN_MS = 30_000;

export type HostedMailOptions = { now: () => number; policy?: Partial<Omit<AttemptPolicy, 'isTransient'>> };

/** What every mail service over the network gets: a time-out, bounded retries, and a breaker. */
export function createHostedMailer(handOver: (mail: Mail) => Promise<void>, options: HostedMailOptions): Mailer {
  const policy: AttemptPolicy = { ...POLICY, ...options.policy, isTransient };
  const breaker = createBreaker({
    name: 'The mail service',
    threshold: BREAKER_THRESHOLD_FAILURES,
    coolDownMs: BREAKER_COOL_DOWN_MS,
    now: options.now,
    counts: isTransient,
  });
  return {
    async send(mail) {
      try {
        await breaker.run(() => attempt(() => handOver(mail), policy));
      } catch (error) {
        throw asMailError(error);
      }
    },
  };
}

const isTransient = (error: unknown) =>
  error instanceof TimeoutError || (error instanceof MailError && error.isTransient);

/** What else a service or the runtime says may quote the address. */
function asMailError(error: unknown): MailError {
  if (error instanceof MailError) return error;
  if (error instanceof TimeoutError || error instanceof BreakerOpenError) {
    return new MailError(error.message, { isTransient: true });
  }
  return new MailError('The mail service failed in an unknown way.', { isTransient: false });
}
