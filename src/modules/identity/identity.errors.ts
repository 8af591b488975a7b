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

export const accountDeactivated = () =>
  new AppError('forbidden', 'This account is deactivated.', { code: 'account_deactivated' });

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
  new AppError('conflict', 'There is already an account with this username.', { code: 'username_taken' });

export const wrongPassword = () => invalidField('currentPassword', 'It is not your present password.');

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
