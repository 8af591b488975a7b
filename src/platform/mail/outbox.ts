import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { FileStore } from '../files/file-store.ts';
import type { Ids } from '../ids.ts';
import type { Mailer } from './mail.ts';

const keptMailSchema = z.object({
  id: z.string(),
  to: z.string(),
  subject: z.string(),
  text: z.string(),
  html: z.string(),
  sentAt: z.number(),
});

/** A mail and when it was sent, in milliseconds since the epoch. */
export type KeptMail = z.output<typeof keptMailSchema>;

export type Outbox = Mailer & {
  /** The last mails, newest first. */
  list(limit: number): Promise<KeptMail[]>;
  /** Removes what was sent to the addresses before that time. @returns how many mails it found. */
  removeTo(addresses: string[], before: number): Promise<number>;
};

const PREFIX = 'outbox/';
export const MAX_KEPT_MAILS = 100;

/** Mail that goes nowhere: the last 100 are kept where a developer can open them. Not for production. */
export function createOutbox({ files, ids, clock }: { files: FileStore; ids: Ids; clock: Clock }): Outbox {
  const keys = async () => (await files.list(PREFIX)).files.map(({ key }) => key);

  const read = async (key: string): Promise<KeptMail[]> => {
    const bytes = await files.readBytes(key);
    // Removed meanwhile, to make room for a newer one.
    return bytes ? [keptMailSchema.parse(JSON.parse(new TextDecoder().decode(bytes)))] : [];
  };

  return {
    async send(mail) {
      const kept: KeptMail = { ...mail, sentAt: clock.now() };
      // Ids sort by time, and so do the keys.
      await files.put(`${PREFIX}${ids.next()}.json`, new TextEncoder().encode(JSON.stringify(kept)));
      const present = await keys();
      await files.remove(present.slice(0, Math.max(0, present.length - MAX_KEPT_MAILS)));
    },

    async list(limit) {
      const newest = (await keys()).slice(-limit).reverse();
      return (await Promise.all(newest.map(read))).flat();
    },

    async removeTo(addresses, before) {
      const present = await keys();
      const mails = await Promise.all(present.map(read));
      const theirs = present.filter((_, at) =>
        mails[at]?.some(({ to, sentAt }) => addresses.includes(to) && sentAt < before),
      );
      await files.remove(theirs);
      return theirs.length;
    },
  };
}
