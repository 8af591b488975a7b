import type { Database, Statement } from '../../db/client.ts';
import { isUniqueViolation } from '../../db/sql.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { Actor } from '../../shared/actor.ts';
import { notFound } from '../../shared/app-error.ts';
import type { Page, PageRequest } from '../../shared/page.ts';
import type { AuditService } from '../audit/audit.service.ts';
import { tagNameTaken } from './library.errors.ts';
import type { TagTexts } from './tag-texts.ts';
import { type CountedTag, createTagsRepository } from './tags.repository.ts';
import { distinctTagNames, foldTagName, tidyTagName } from './tags.ts';

type Deps = { database: Database; clock: Clock; ids: Ids; audit: Pick<AuditService, 'making'>; texts: TagTexts };

export type ListTags = PageRequest & {
  /** Part of the name. */
  q?: string | undefined;
};

export type TagFields = { name: string; colour?: string | null | undefined };
export type TagChanges = { name?: string | undefined; colour?: string | null | undefined };

type Versioned = { id: string; expectedVersion?: number | undefined };
type Assignment = { documentId: string; names: readonly string[]; now: number };

/** Verbs on tags, and the statements by which documents get theirs. */
export function createTagsService({ database, clock, ids, audit, texts }: Deps) {
  const repository = createTagsRepository(database);

  const commitOne = async (statements: Statement[], id: { ownerId: string; id: string }): Promise<CountedTag> => {
    try {
      const [tag] = await database.commitAndRead(statements, repository.select(id.ownerId, id.id));
      if (!tag) throw notFound('tag');
      return tag;
    } catch (error) {
      throw isUniqueViolation(error, 'tags.name_key') ? tagNameTaken() : error;
    }
  };

  const named = (name: string) => ({ name: tidyTagName(name), nameKey: foldTagName(name) });

  const assignToAll = (
    ownerId: string,
    { documentIds, names, now }: Omit<Assignment, 'documentId'> & { documentIds: string[] },
  ): Statement[] => {
    const wanted = distinctTagNames(names);
    if (wanted.length === 0) return [];
    return [
      repository.insertMissing(ownerId, { tags: wanted.map((tag) => ({ ...tag, id: ids.next() })), now }),
      repository.assignToAll(ownerId, { documentIds, keys: wanted.map((tag) => tag.key), now }),
    ];
  };

  const assign = (ownerId: string, { documentId, ...assignment }: Assignment): Statement[] =>
    assignToAll(ownerId, { documentIds: [documentId], ...assignment });

  return {
    /** How many tags an owner has, to be read with others. */
    summarise: repository.summarise,

    create(actor: Actor, { name, colour }: TagFields): Promise<CountedTag> {
      const id = ids.next();
      const ownerId = actor.userId;
      audit.making({ type: 'tag', id });
      const now = clock.now();
      const insert = repository.insert({
        id,
        ownerId,
        ...named(name),
        colour: colour ?? null,
        createdAt: now,
        updatedAt: now,
      });
      return commitOne([insert], { ownerId, id });
    },

    list: (actor: Actor, { q, ...page }: ListTags): Promise<Page<CountedTag>> =>
      repository.list(actor.userId, { ...page, key: q === undefined ? undefined : foldTagName(q) }),

    async get(actor: Actor, id: string): Promise<CountedTag> {
      const tag = await repository.find(actor.userId, id);
      if (!tag) throw notFound('tag');
      return tag;
    },

    async change(
      actor: Actor,
      { id, changes, expectedVersion }: Versioned & { changes: TagChanges },
    ): Promise<CountedTag> {
      const ownerId = actor.userId;
      const { name, colour } = changes;
      const statements = repository.update(ownerId, {
        id,
        changes: { colour, ...(name !== undefined && named(name)) },
        expectedVersion,
        now: clock.now(),
      });
      if (name === undefined) return commitOne(statements, { ownerId, id });
      const { insert, jobId } = texts.prepare(ownerId, id);
      const tag = await commitOne([...statements, insert], { ownerId, id });
      await texts.show({ ownerId, id, tag, jobId });
      return tag;
    },

    /** Removes the tag from everything that had it, for good. */
    async remove(actor: Actor, { id, expectedVersion }: Versioned): Promise<void> {
      const ownerId = actor.userId;
      const { insert, jobId } = texts.prepare(ownerId, id);
      await database.commit([...repository.remove(ownerId, { id, expectedVersion }), insert]);
      await texts.show({ ownerId, id, tag: undefined, jobId });
    },

    /** Gives a document of the same owner these tags besides those that it has; makes the missing ones. */
    assignStatements: assign,

    /** The same for many documents. */
    assignToAllStatements: assignToAll,

    /** Gives a document of the same owner exactly these tags. */
    replaceStatements: (ownerId: string, assignment: Assignment): Statement[] => [
      repository.unassignOthers(ownerId, {
        documentId: assignment.documentId,
        keys: distinctTagNames(assignment.names).map((tag) => tag.key),
      }),
      ...assign(ownerId, assignment),
    ],
  };
}

export type TagsService = ReturnType<typeof createTagsService>;
