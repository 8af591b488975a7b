import { AppError, invalidField } from '../../shared/app-error.ts';

export const addressRefused = (reason: string) => invalidField('url', reason);

export const alreadyAccepted = () =>
  new AppError('conflict', 'It has been fetched already; `check` looks whether it has changed.', {
    code: 'resource_accepted',
  });

export const inUse = () =>
  new AppError('conflict', 'It has been fetched already; delete it, or its document, instead.', {
    code: 'resource_in_use',
  });

export const notAccepted = () =>
  new AppError('conflict', 'Nobody has accepted it yet; `accept` fetches it.', { code: 'resource_not_accepted' });
