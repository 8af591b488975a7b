import { isUniqueViolation } from '../../db/sql.ts';
import type { Scope } from '../../shared/actor.ts';
import { AppError, invalidField } from '../../shared/app-error.ts';

/** The same for an unknown account and a wrong password: which accounts exist is nobody's business. */
export const invalidCredentials = () =>
  new AppError('unauthenticated', 'The account or the password is not right.', { code: 'invalid_credentials' });

export const invalidRefreshToken = () =>
  new AppError('unauthenticated', 'The refresh token is not valid, or no longer; log in again.', {
    code: 'invalid_refresh_token',
  });

/** The credential was revoked, or its account deleted, after it had been checked. */
export const credentialRevoked = () =>
  new AppError('unauthenticated', 'This credential has been revoked; log in again.', { code: 'credential_revoked' });

export const accountDeactivated = (by: 'owner' | 'admin' | null) =>
  new AppError(
    'forbidden',
    by === 'owner'
      ? 'This account is deactivated. Its owner brings it back by `POST /v1/auth/reactivate`.'
      : 'This account is deactivated.',
    { code: 'account_deactivated' },
  );

export const accountActive = () =>
  new AppError('conflict', 'This account is active: log in.', { code: 'account_active' });

export const noRefreshToken = () => invalidField('refreshToken', 'There is none, neither here nor in a cookie.');

/** What administrators do for others, and to themselves only by mistake. */
export const ownAccount = () =>
  new AppError('conflict', 'This is your own account: another administrator has to do it.', { code: 'own_account' });

export const lastAdmin = () =>
  new AppError('conflict', 'This is the last active administrator; make another one first.', { code: 'last_admin' });

/** The actor was an administrator when the credential was checked. */
export const noAdminAnyMore = () => new AppError('forbidden', 'You are not an administrator any more.');

export const accountNotActive = () =>
  new AppError('conflict', 'This account is deactivated; reactivate it first.', { code: 'account_deactivated' });

export const registrationClosed = () =>
  new AppError('forbidden', 'Nobody can register here at present.', { code: 'registration_closed' });

export const sessionRequired = () =>
  new AppError('forbidden', 'Only a session can do this, not an API key.', { code: 'session_required' });

export const scopesExceeded = (missing: readonly Scope[]) =>
  new AppError('forbidden', `A key cannot have scopes that your credential lacks: ${missing.join(', ')}.`, {
    code: 'scopes_exceeded',
  });

export const emailTaken = () =>
  new AppError('conflict', 'There is already an account with this e-mail address.', { code: 'email_taken' });

export const usernameTaken = () =>
  new AppError('conflict', 'There is already an account with this username, or with one that looks the same.', {
    code: 'username_taken',
  });

/** Which of the things that must be unique belongs to somebody already. */
export function takenError(error: unknown): Error | undefined {
  if (isUniqueViolation(error, 'users.email_key')) return emailTaken();
  const isName = isUniqueViolation(error, 'users.username_key') || isUniqueViolation(error, 'users.username_skeleton');
  return isName ? usernameTaken() : undefined;
}

export const wrongPassword = (path = 'currentPassword') => invalidField(path, 'It is not your present password.');

export const sameEmail = () => invalidField('email', 'It is your address already.');

export const preferencesTooLarge = (limit: number) =>
  invalidField('preferences', `Merged with those that you have, they are longer than ${limit} bytes.`);

export const pictureTooLarge = (limit: number) =>
  new AppError('too_large', `A picture may have at most ${limit} bytes.`);

export const pictureNotTaken = () => new AppError('unsupported_media_type', 'Send a picture: PNG, JPEG, WebP or GIF.');

export const pictureBroken = () => invalidField('body', 'The picture is not whole.');

export const pictureTooWide = (limit: number) => invalidField('body', `It has more than ${limit} pixels to a side.`);

export const deletionNotConfirmed = () =>
  invalidField('password', 'It is not your password, without which your account is not deleted.');

export const usernameNotConfirmed = () =>
  invalidField('confirm', 'It is not your username, by which an account without a password is deleted.');

export const samePassword = () => invalidField('newPassword', 'It is your present password; choose another.');

export const expiryInThePast = () => invalidField('expiresAt', 'It must be in the future.');

export const tooManyKeys = (limit: number) =>
  new AppError('conflict', `You have ${limit} API keys, which is the most; delete one first.`, {
    code: 'too_many_keys',
  });

export const keyExceedsYours = () =>
  new AppError('forbidden', 'The key has scopes that your credential lacks.', { code: 'scopes_exceeded' });

export const keyWidened = (path: string) =>
  new AppError('forbidden', `An API key cannot give a key more than it has: \`${path}\` may only be lowered.`, {
    code: 'key_widened',
  });

export const keyReplaced = () =>
  new AppError('conflict', 'The key has been replaced by another one.', { code: 'key_replaced' });

export const keyExpired = () =>
  new AppError('conflict', 'The key has expired; make a new one.', { code: 'key_expired' });

/** The same for a token that is unknown, used, expired, replaced by a newer one, or meant for something else. */
export const invalidMailedToken = () =>
  new AppError('invalid_fields', 'The token is not valid, or no longer; ask for a new mail.', {
    code: 'invalid_token',
    errors: [{ path: 'token', message: 'It is not valid, or no longer.' }],
  });

export const emailAlreadyVerified = () =>
  new AppError('conflict', 'Your e-mail address is verified already.', { code: 'email_already_verified' });

const TOO_MANY_MAILS = 'too_many_mails';

export const tooManyMails = () =>
  new AppError('rate_limited', 'You have had enough of these mails for an hour.', {
    code: TOO_MANY_MAILS,
    retryAfterSeconds: 3600,
  });

export const isTooManyMails = (error: unknown) => error instanceof AppError && error.code === TOO_MANY_MAILS;
