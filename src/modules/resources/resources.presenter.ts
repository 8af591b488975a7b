import type { z } from '@hono/zod-openapi';
import { entityTag } from '../../shared/entity-tag.ts';
import { isoTime, isoTimeOrNull } from '../../shared/time.ts';
import type { resourceSchema } from './resources.schemas.ts';
import type { Resource } from './resources.table.ts';

export function presentResource(resource: Resource): z.output<typeof resourceSchema> {
  const { facts } = resource;
  return {
    id: resource.id,
    type: resource.type,
    status: resource.status,
    url: resource.url,
    finalUrl: facts.finalUrl ?? null,
    canonicalUrl: facts.canonicalUrl ?? null,
    title: resource.title,
    author: facts.author ?? null,
    siteName: facts.siteName ?? null,
    description: facts.description ?? null,
    language: facts.language ?? null,
    licence: facts.licence ?? null,
    mediaType: facts.mediaType ?? null,
    sizeBytes: facts.sizeBytes ?? null,
    publishedAt: isoTimeOrNull(resource.publishedAt),
    modifiedAt: facts.modifiedAt ?? null,
    feeds: facts.feeds ?? [],
    quality: resource.qualityScore === null ? null : { score: resource.qualityScore, reasons: resource.qualityReasons },
    documentId: resource.documentId,
    feedId: resource.feedId,
    collectionId: resource.collectionId,
    tags: resource.tags,
    profile: resource.profile,
    autoAccept: resource.autoAccept,
    checkEveryHours: resource.checkEveryHours,
    usage: {
      fetches: resource.fetchCount,
      opens: resource.openCount,
      lastOpenedAt: isoTimeOrNull(resource.openedAt),
      discovered: resource.discoveredCount,
      accepted: resource.acceptedCount,
    },
    error: resource.errorCode === null ? null : { code: resource.errorCode, message: resource.errorMessage ?? '' },
    fetchedAt: isoTimeOrNull(resource.fetchedAt),
    changedAt: isoTimeOrNull(resource.changedAt),
    nextCheckAt: isoTimeOrNull(resource.dueAt),
    version: resource.version,
    createdAt: isoTime(resource.createdAt),
    updatedAt: isoTime(resource.updatedAt),
  };
}

/** Opening its document counts, but is no change of it. */
export const resourceTag = ({ version, openCount, fetchCount }: Resource) => entityTag(version, openCount + fetchCount);
