import { AppError, type FieldError } from '../../shared/app-error.ts';

export const tooManyResults = () =>
  new AppError('conflict', 'So many results of one query were opened or judged that no more are noted.', {
    code: 'too_many_results',
  });

export const savedNameTaken = () =>
  new AppError('conflict', 'There is a saved search of that name.', { code: 'name_taken' });

export const tooManySaved = (most: number) =>
  new AppError('conflict', `There are ${most} saved searches, and there can be no more.`, { code: 'too_many_saved' });

/** Searches change as the platform does; what was saved under older rules may mean nothing any more. */
export const savedSearchOutdated = (errors: FieldError[]) =>
  new AppError('conflict', 'The search was saved when searches had another form; change it to run it again.', {
    code: 'saved_search_outdated',
    errors,
  });
