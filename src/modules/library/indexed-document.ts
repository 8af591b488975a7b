import type { IndexedDocument } from '../../index-object/index.types.ts';
import { attributesOf } from './document-attributes.ts';
import type { FiledDocument } from './documents.repository.ts';

/** Labels by which the index files documents. */
export const tagLabel = (tagId: string) => `tag:${tagId}`;
export const collectionLabel = (collectionId: string) => `collection:${collectionId}`;

/** What the index must know of a document, as the catalogue has it. */
export function toIndexedDocument(document: FiledDocument): IndexedDocument {
  return {
    documentId: document.id,
    revision: document.revision,
    title: document.title,
    kind: document.kind ?? 'unknown',
    profile: document.profile,
    language: document.language,
    createdAt: document.createdAt,
    updatedAt: document.updatedAt,
    sizeBytes: document.sizeBytes,
    attributes: attributesOf(document),
    labels: [
      ...document.filedTags.map(({ id }) => tagLabel(id)),
      ...document.labelledCollectionIds.map(collectionLabel),
    ],
    labelTexts: document.filedTags.map(({ id, name, version }) => ({ label: tagLabel(id), text: name, version })),
    // What could not be read is not found by what an earlier file said.
    visible: document.deletedAt === null && document.status !== 'failed',
  };
}
