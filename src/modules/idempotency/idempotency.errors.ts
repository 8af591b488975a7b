import { AppError } from '../../shared/app-error.ts';

/** Long enough for most requests to end. */
const IN_PROGRESS_RETRY_SECONDS = 2;

export const keyReused = () =>
  new AppError('conflict', 'This idempotency key was sent with another request; choose a new one for each request.', {
    code: 'idempotency_key_reused',
  });

export const inProgress = () =>
  new AppError('conflict', 'The first request with this idempotency key is not answered yet; try again shortly.', {
    code: 'idempotency_in_progress',
    retryAfterSeconds: IN_PROGRESS_RETRY_SECONDS,
  });

export const answerLost = () =>
  new AppError(
    'conflict',
    'The first request with this idempotency key took effect, but its answer is not kept. Look for what it made.',
    { code: 'idempotency_answer_lost' },
  );
