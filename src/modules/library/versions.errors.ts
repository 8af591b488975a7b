import { AppError } from '../../shared/app-error.ts';

export const versionIsPresent = () =>
  new AppError('conflict', 'That version is the document’s present one.', { code: 'version_is_present' });
