import { AppError, invalidField } from '../../../shared/app-error.ts';

/** The same for a ticket that is unknown, used, expired, or from before a change of the password. */
export const invalidTicket = () =>
  new AppError('unauthenticated', 'The ticket is not valid, or no longer; log in again.', { code: 'invalid_ticket' });

/** The same for a wrong code, one that was used, and one of the wrong kind. */
export const invalidCode = () =>
  new AppError('unauthenticated', 'The code is not right, or was used already.', { code: 'invalid_code' });

/** The same to somebody who is logged in. */
export const wrongCode = () => invalidField('code', 'It is not right, or was used already.');

export const codeRequired = () =>
  invalidField('code', 'You logged in more than 15 minutes ago: give a code of your app, or a recovery code.');

export const wrongPassword = () => invalidField('password', 'It is not your present password.');

export const twoFactorEnabled = () =>
  new AppError('conflict', 'Two-factor authentication is on already; turn it off first.', {
    code: 'two_factor_enabled',
  });

export const twoFactorDisabled = () =>
  new AppError('conflict', 'Two-factor authentication is not on.', { code: 'two_factor_disabled' });

export const notEnrolled = () =>
  new AppError('conflict', 'There is no enrolment to confirm, or a newer one has replaced it.', {
    code: 'not_enrolled',
  });

export const recentLoginRequired = () =>
  new AppError('forbidden', 'This takes a session that was opened in the last 15 minutes; log in again.', {
    code: 'recent_login_required',
  });

export const passkeysNotConfigured = () =>
  new AppError('conflict', 'Passkeys need a PUBLIC_URL with https and a domain name, or http://localhost.', {
    code: 'passkeys_not_configured',
  });

/** The same whatever is wrong with what the authenticator answered, or with the account that it stands for. */
export const invalidPasskey = () =>
  new AppError('unauthenticated', 'The passkey was not accepted; ask for new options and try again.', {
    code: 'invalid_passkey',
  });

export const invalidRegistration = () =>
  new AppError('invalid_fields', 'The passkey was not accepted; ask for new options and try again.', {
    code: 'invalid_registration',
    errors: [{ path: 'response', message: 'It does not answer the options, or they have expired.' }],
  });

export const passkeyTaken = () =>
  new AppError('conflict', 'This passkey is registered already.', { code: 'passkey_taken' });

export const tooManyPasskeys = (limit: number) =>
  new AppError('conflict', `You have ${limit} passkeys, which is the most; delete one first.`, {
    code: 'too_many_passkeys',
  });

export const noPasskeys = () =>
  new AppError('conflict', 'The account has no passkeys; use another method.', { code: 'no_passkeys' });
