import type { Database } from '../../db/client.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { Web, WebAnswer } from '../../platform/web/web.ts';
import type { JobsService } from '../ingestion/ingestion.service.ts';
import { PermanentJobError } from '../ingestion/job-lifecycle.ts';
import type { Completion } from '../ingestion/job-runner.ts';
import { concat } from './body-pieces.ts';
import { type Feed, type FeedEntry, FeedError, MAX_FEED_BYTES, readFeed } from './feeds/feed.ts';
import { hostOf } from './resource-url.ts';
import { createResourcesRepository, type Turn } from './resources.repository.ts';
import { FEED_CHECK_HOURS } from './resources.service.ts';

type Deps = { database: Database; clock: Clock; ids: Ids; web: Web; jobs: JobsService };

/** Entries of one feed that wait to be accepted or dismissed; it names no more until some are. */
const MAX_WAITING = 1_000;
/** Entries that one look at a feed has fetched; older ones wait for somebody who wants them. */
const MAX_AUTO_ACCEPTED = 25;

/** Discovering what a feed names. */
export function createFeedReading({ database, clock, ids, web, jobs }: Deps) {
  const repository = createResourcesRepository(database);

  /** The entries that the owner does not know yet, and that may be fetched, as far as can be seen. */
  const newEntries = async (turn: Turn, { entries }: Feed): Promise<FeedEntry[]> => {
    const allowed = entries.filter(({ url }) => web.refusal(url) === undefined);
    if (allowed.length === 0) return [];
    const known = await repository.knownUrls(
      turn.ownerId,
      allowed.map(({ url }) => url),
    );
    return allowed.filter(({ url }) => !known.has(url)).slice(0, Math.max(0, MAX_WAITING - turn.waitingEntries));
  };

  const toRow = (turn: Turn, { entry, isAccepted, now }: { entry: FeedEntry; isAccepted: boolean; now: number }) => {
    const { url, title, author, summary, publishedAt } = entry;
    return {
      id: ids.next(),
      ownerId: turn.ownerId,
      status: isAccepted ? ('pending' as const) : ('discovered' as const),
      url,
      host: hostOf(url),
      title: title ?? null,
      collectionId: turn.collectionId,
      tags: turn.tags,
      profile: turn.profile,
      feedId: turn.id,
      facts: {
        ...(author !== undefined && { author }),
        ...(summary !== undefined && { description: summary }),
        ...(publishedAt !== undefined && { publishedAt: new Date(publishedAt).toISOString() }),
      },
      publishedAt: publishedAt ?? null,
      isAskedFor: false,
      createdAt: now,
      updatedAt: now,
    };
  };

  return {
    async discover(
      turn: Turn,
      { answer, body }: { answer: WebAnswer; body: AsyncIterable<Uint8Array> },
    ): Promise<Completion> {
      const feed = await readAll({ answer, body });
      const now = clock.now();
      const fresh = await newEntries(turn, feed);
      const rows = fresh.map((entry, at) =>
        toRow(turn, { entry, isAccepted: turn.autoAccept && at < MAX_AUTO_ACCEPTED, now }),
      );
      const accepted = rows.filter(({ status }) => status === 'pending');
      const prepared = jobs.prepareMany(
        accepted.map(({ id }) => ({ ownerId: turn.ownerId, type: 'fetch_resource' as const, subjectId: id })),
      );
      const changes = {
        type: 'feed' as const,
        title: turn.titleIsGiven ? turn.title : (feed.title ?? turn.title),
        facts: {
          ...turn.facts,
          finalUrl: answer.url,
          ...(feed.siteUrl !== undefined && { canonicalUrl: feed.siteUrl }),
        },
        etag: answer.etag,
        lastModified: answer.lastModified,
        discoveredCount: turn.discoveredCount + rows.length,
        acceptedCount: turn.acceptedCount + accepted.length,
        // It turned out to be a feed: nobody has been asked how often it is looked at.
        ...(turn.type === null && turn.checkEveryHours === null && { checkEveryHours: FEED_CHECK_HOURS }),
        ...((rows.length > 0 || turn.changedAt === null) && { changedAt: now }),
      };
      return {
        result: {
          outcome: 'feed_read',
          entries: feed.entries.length,
          discovered: rows.length,
          accepted: accepted.length,
        },
        statements: [
          repository.fetched(turn.ownerId, { id: turn.id, changes, now }),
          repository.insertNew(rows),
          ...(accepted.length > 0 ? [prepared.insert] : []),
        ],
        makes: prepared.jobs.map(({ id }) => id),
      };
    },
  };
}

async function readAll({ answer, body }: { answer: WebAnswer; body: AsyncIterable<Uint8Array> }): Promise<Feed> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.byteLength;
    if (bytes > MAX_FEED_BYTES) throw notReadable(`A feed may have at most ${MAX_FEED_BYTES} bytes.`);
    pieces.push(piece.slice());
  }
  try {
    return await readFeed(concat(pieces), answer);
  } catch (error) {
    if (error instanceof FeedError) throw notReadable(error.message);
    throw error;
  }
}

const notReadable = (reason: string) => new PermanentJobError('not_a_feed', `The feed cannot be read. ${reason}`);
