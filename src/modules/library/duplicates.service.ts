import type { Database } from '../../db/client.ts';
import type { Actor } from '../../shared/actor.ts';
import { notFound } from '../../shared/app-error.ts';
import { createDocumentsRepository } from './documents.repository.ts';
import { createDuplicatesRepository, type LikeDocument } from './duplicates.repository.ts';
import { bandsNear, compareFingerprints, type LikenessKind } from './likeness/fingerprints.ts';

export type Duplicate = LikeDocument & {
  kind: 'exact' | LikenessKind;
  /** From 0 to 1. */
  similarity: number;
  explanation: string;
};

const SAME_BYTES = { kind: 'exact', similarity: 1, explanation: 'Both files have the same bytes.' } as const;
const MAX_EXACT = 100;
const MAX_LISTED = 100;

/** Finding what somebody has twice. */
export function createDuplicatesService({ database }: { database: Database }) {
  const repository = createDuplicatesRepository(database);
  const documents = createDocumentsRepository(database);

  return {
    /** Other live documents with the same bytes or like content, the most alike first. */
    async list(actor: Actor, documentId: string): Promise<Duplicate[]> {
      const { userId: ownerId } = actor;
      const [[document], twins, [own], bands] = await database.commit([
        documents.select(ownerId, documentId, 'exclude'),
        repository.selectTwins(ownerId, { documentId, limit: MAX_EXACT }),
        repository.selectFingerprints(ownerId, documentId),
        repository.selectBands(ownerId, documentId),
      ]);
      if (!document) throw notFound('document');
      const exact = twins.map((twin): Duplicate => ({ ...twin, ...SAME_BYTES }));
      if (!own) return exact;
      const near = bandsNear({ ...own, bands: bands.map(({ band }) => band) });
      const candidates = await repository.findCandidates(ownerId, { bands: near, except: documentId });
      const known = new Set(twins.map(({ id }) => id));
      const alike = candidates.flatMap(({ textSignature, imageHash, audioFingerprint, ...other }): Duplicate[] => {
        const likeness = compareFingerprints(own, { textSignature, imageHash, audioFingerprint });
        return likeness && !known.has(other.id) ? [{ ...other, ...likeness }] : [];
      });
      return [...exact, ...alike.sort(byLikeness)].slice(0, MAX_LISTED);
    },
  };
}

export type DuplicatesService = ReturnType<typeof createDuplicatesService>;

const byLikeness = (a: Duplicate, b: Duplicate) => b.similarity - a.similarity || (a.id < b.id ? -1 : 1);
