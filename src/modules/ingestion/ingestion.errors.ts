import { AppError } from '../../shared/app-error.ts';

export const jobHasEnded = () =>
  new AppError('conflict', 'The job has already ended; there is nothing to cancel.', { code: 'job_ended' });

export const deletionNotCancellable = () =>
  new AppError('conflict', 'A deletion cannot be cancelled once it was accepted.', { code: 'job_not_cancellable' });

export const batchNotRetryable = () =>
  new AppError('conflict', 'Nothing in this batch has failed that could be tried again.', {
    code: 'job_not_retryable',
  });

export const jobNotRetryable = () =>
  new AppError('conflict', 'Only a failed or cancelled job that nothing has replaced can be retried.', {
    code: 'job_not_retryable',
  });

export const letterNotReadable = () =>
  new AppError('conflict', 'Nobody can read this message, so that sending it again would come to nothing.', {
    code: 'letter_not_readable',
  });
