import { AppError, notFound } from '../../shared/app-error.ts';

/** Collections contain each other at most this deep. */
export const MAX_COLLECTION_DEPTH = 20;

export const collectionNameTaken = () =>
  new AppError('conflict', 'There is a collection of that name in the same place.', { code: 'name_taken' });

export const tagNameTaken = () => new AppError('conflict', 'There is a tag of that name.', { code: 'name_taken' });

export const wouldMakeCycle = () =>
  new AppError('conflict', 'A collection cannot be moved into itself or into what it contains.', {
    code: 'would_make_cycle',
  });

export const tooDeep = () =>
  new AppError('conflict', `Collections contain each other at most ${MAX_COLLECTION_DEPTH} deep.`, {
    code: 'too_deep',
  });

export const noParentCollection = () => notFound('parent collection');
