import type { LibraryIndex } from './library-index.ts';

type Verb = (...args: never[]) => unknown;

/** The index's verbs as callers elsewhere see them: asynchronous, and with copies of what it returns. */
export type LibraryIndexClient = {
  [K in Exclude<keyof LibraryIndex, 'fetch' | 'alarm'> as LibraryIndex[K] extends Verb ? K : never]: (
    ...args: Parameters<Extract<LibraryIndex[K], Verb>>
  ) => Promise<Awaited<ReturnType<Extract<LibraryIndex[K], Verb>>>>;
};

/** Finds the index of an owner's library. */
export type IndexOf = (ownerId: string) => LibraryIndexClient;

/** One object per owner, made on first use. */
export function createIndexOf(namespace: DurableObjectNamespace<LibraryIndex>): IndexOf {
  // The stub's own type spells the same methods in RPC wrappers, in which tuples lose their length.
  return (ownerId) => namespace.get(namespace.idFromName(ownerId)) as unknown as LibraryIndexClient;
}
