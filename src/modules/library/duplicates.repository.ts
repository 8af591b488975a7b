import { and, eq, isNull, ne, type SQL, sql } from 'drizzle-orm';
import type { Database, Statement } from '../../db/client.ts';
import { also, requireThat } from '../../db/sql.ts';
import { SameBytesError } from './duplicates.errors.ts';
import { documentFingerprints, fingerprintBands } from './duplicates.table.ts';
import { type Document, documents } from './library.table.ts';
import type { FiledFingerprints, Fingerprints } from './likeness/fingerprints.ts';

/** What is told of a document that another is like. */
export type LikeDocument = Pick<Document, 'id' | 'title' | 'filename' | 'createdAt'>;

export type Candidate = LikeDocument & Fingerprints;

/** Of a piece that very many documents share, the latest are looked at. */
const PER_BAND = 50;
const MAX_CANDIDATES = 500;

/** Documents with the same bytes, and fingerprints by which others are found that are like them. */
export function createDuplicatesRepository(database: Database) {
  const { orm } = database;
  const fingerprints = documentFingerprints;
  const described = {
    id: documents.id,
    title: documents.title,
    filename: documents.filename,
    createdAt: documents.createdAt,
  };
  const stored = {
    textSignature: fingerprints.textSignature,
    imageHash: fingerprints.imageHash,
    audioFingerprint: fingerprints.audioFingerprint,
  };
  const live = and(isNull(documents.deletedAt), ne(documents.status, 'deleting'));
  const sameBytes = (ownerId: string, sha256: string | SQL) =>
    and(eq(documents.ownerId, ownerId), sql`${documents.sha256} = ${sha256}`, live);

  return {
    /** Live documents with these bytes, oldest first. */
    selectExact: (
      ownerId: string,
      { sha256, except, limit }: { sha256: string | SQL; except?: string; limit: number },
    ): Statement<LikeDocument[]> =>
      orm
        .select(described)
        .from(documents)
        .where(and(sameBytes(ownerId, sha256), except === undefined ? undefined : sql`+documents.id <> ${except}`))
        // As the index has them: nothing is sorted, whatever number there are.
        .orderBy(sql`documents.rowid`)
        .limit(limit),

    /** Live documents with the bytes that the document has. */
    selectTwins(ownerId: string, { documentId, limit }: { documentId: string; limit: number }) {
      const sha256 = sql`(select own.sha256 from documents as own where own.id = ${documentId}
        and +own.owner_id = ${ownerId})`;
      return this.selectExact(ownerId, { sha256, except: documentId, limit });
    },

    /** Undoes its batch if a live document has these bytes. */
    requireNew: (ownerId: string, sha256: string): Statement =>
      requireThat(database, {
        condition: sql`not exists (select 1 from documents where ${sameBytes(ownerId, sha256)})`,
        refusal: () => new SameBytesError('There is a document with the same bytes.'),
      }),

    /** Files a document under what its present content is like. */
    replaceFingerprints(
      ownerId: string,
      document: { documentId: string; contentId: string; fingerprints: FiledFingerprints },
    ): Statement[] {
      const {
        documentId,
        contentId,
        fingerprints: { bands, ...columns },
      } = document;
      const forget = orm
        .delete(fingerprints)
        .where(and(also(fingerprints.ownerId, ownerId), eq(fingerprints.documentId, documentId)));
      if (bands.length === 0) return [forget];
      return [
        forget,
        orm.insert(fingerprints).values({ documentId, ownerId, contentId, ...columns }),
        orm.run(sql`insert into ${fingerprintBands} (owner_id, band, fingerprint_id)
          select distinct own.owner_id, json_each.value, own.id
          from document_fingerprints as own, json_each(${JSON.stringify(bands)}) where own.document_id = ${documentId}`),
      ];
    },

    /** A document's fingerprints, if they are those of its present content. */
    selectFingerprints: (ownerId: string, documentId: string): Statement<Fingerprints[]> =>
      orm
        .select(stored)
        .from(fingerprints)
        .innerJoin(
          documents,
          and(eq(documents.id, fingerprints.documentId), eq(documents.contentId, fingerprints.contentId)),
        )
        .where(and(eq(fingerprints.documentId, documentId), also(fingerprints.ownerId, ownerId))),

    selectBands: (ownerId: string, documentId: string): Statement<{ band: number }[]> =>
      orm
        .select({ band: fingerprintBands.band })
        .from(fingerprintBands)
        .where(
          and(
            sql`${fingerprintBands.fingerprintId} = (select own.id from document_fingerprints as own
              where own.document_id = ${documentId})`,
            also(fingerprintBands.ownerId, ownerId),
          ),
        ),

    /** Live documents that are filed under any of the bands. */
    async findCandidates(
      ownerId: string,
      { bands, except }: { bands: number[]; except: string },
    ): Promise<Candidate[]> {
      if (bands.length === 0) return [];
      const sharing = sql`(select distinct shared.value as id
        from json_each(${JSON.stringify(bands)}) as near, json_each((
          select json_group_array(fingerprint_id) from (
            select fingerprint_id from fingerprint_bands
            where owner_id = ${ownerId} and band = near.value order by fingerprint_id desc limit ${sql.raw(String(PER_BAND))}
          ))) as shared
        limit ${sql.raw(String(MAX_CANDIDATES))}) as sharing`;
      return orm
        .select({ ...described, ...stored })
        .from(sharing)
        .innerJoin(fingerprints, sql`${fingerprints.id} = sharing.id`)
        .innerJoin(
          documents,
          and(eq(documents.id, fingerprints.documentId), eq(documents.contentId, fingerprints.contentId)),
        )
        .where(and(also(documents.ownerId, ownerId), live, sql`+documents.id <> ${except}`));
    },
  };
}

export type DuplicatesRepository = ReturnType<typeof createDuplicatesRepository>;
