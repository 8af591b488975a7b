import type { Database } from '../../db/client.ts';
import type { Actor } from '../../shared/actor.ts';
import type { ApiKeysService } from '../identity/api-keys.service.ts';
import type { AuthService } from '../identity/auth.service.ts';
import type { CollectionsService } from '../library/collections.service.ts';
import type { DocumentsService } from '../library/documents.service.ts';
import type { TagsService } from '../library/tags.service.ts';
import type { SearchService } from '../search/search.service.ts';

type Deps = {
  database: Database;
  auth: Pick<AuthService, 'summarise'>;
  apiKeys: Pick<ApiKeysService, 'summarise'>;
  documents: Pick<DocumentsService, 'summarise'>;
  collections: Pick<CollectionsService, 'summarise'>;
  tags: Pick<TagsService, 'summarise'>;
  search: Pick<SearchService, 'summarise'>;
};

/** Figures about what somebody has. */
export function createStatisticsService({ database, ...modules }: Deps) {
  const { auth, apiKeys, documents, collections, tags, search } = modules;
  return {
    /** All of it in one round trip: each module counts its own rows, by an index on their owner. */
    async of({ userId }: Actor) {
      const [[account], [keys], [ofDocuments], [ofCollections], [ofTags], [searches]] = await database.commit([
        auth.summarise(userId),
        apiKeys.summarise(userId),
        documents.summarise(userId),
        collections.summarise(userId),
        tags.summarise(userId),
        search.summarise(userId),
      ]);
      return {
        documents: ofDocuments?.total ?? 0,
        storageBytes: ofDocuments?.bytes ?? 0,
        collections: ofCollections?.total ?? 0,
        tags: ofTags?.total ?? 0,
        searches: searches?.total ?? 0,
        apiKeys: keys?.total ?? 0,
        sessions: account?.sessions ?? 0,
        loginCount: account?.loginCount ?? 0,
        lastLoginAt: account?.lastLoginAt ?? null,
      };
    },
  };
}

export type Statistics = Awaited<ReturnType<ReturnType<typeof createStatisticsService>['of']>>;
