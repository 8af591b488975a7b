import { z } from 'zod';
import type { KeyRing } from '../../platform/secrets/key-ring.ts';
import type { AccountNames } from '../identity/account-closing.ts';

const subjectSchema = z.object({
  ownerId: z.uuid(),
  addresses: z.array(z.string()),
  keyIds: z.array(z.string()),
  guarded: z.array(z.string()),
}) satisfies z.ZodType<AccountNames>;

const contextOf = (erasureId: string) => `erasures/${erasureId}`;

/** Whom an erasure is about: readable by the erasure, and not from a copy of the database. */
export const sealSubject = (keyRing: KeyRing, { erasureId, names }: { erasureId: string; names: AccountNames }) =>
  keyRing.seal(JSON.stringify(names), contextOf(erasureId));

export async function openSubject(
  keyRing: KeyRing,
  { erasureId, sealed }: { erasureId: string; sealed: string },
): Promise<AccountNames> {
  const { text } = await keyRing.open(sealed, contextOf(erasureId));
  return subjectSchema.parse(JSON.parse(text));
}
