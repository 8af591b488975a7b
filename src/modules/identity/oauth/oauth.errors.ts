import type { ProviderError } from '../../../platform/oauth/identity-provider.ts';
import { AppError, invalidField } from '../../../shared/app-error.ts';

/** The same for a state that is unknown, used, expired, another provider's, or another browser's. */
export const invalidState = () =>
  new AppError('invalid_fields', 'This sign-in is not valid, or no longer; begin again in this browser.', {
    code: 'invalid_state',
    errors: [{ path: 'state', message: 'It is not valid, or no longer, or was made for another browser.' }],
  });

/** The same for a code that is unknown, used or expired, and for a wrong verifier. */
export const invalidCode = () =>
  new AppError('invalid_fields', 'The code is not valid, or no longer; begin again.', {
    code: 'invalid_code',
    errors: [{ path: 'code', message: 'It is not valid, or no longer.' }],
  });

export const redirectNotAllowed = () => invalidField('redirectUri', 'It is not one of the addresses that are allowed.');

export const signInDenied = (name: string) =>
  new AppError('forbidden', `You did not let ${name} say who you are.`, { code: 'oauth_denied' });

export const signInRefused = (name: string) =>
  new AppError('unauthenticated', `${name} did not confirm who you are; begin again.`, { code: 'oauth_refused' });

/** The same whether or not there is an account with the address: that is nobody's business. */
export const emailNotVerifiedThere = (name: string) =>
  new AppError(
    'conflict',
    `${name} does not say that your e-mail address is verified. Verify it there; or log in here and link ${name}.`,
    { code: 'oauth_email_unverified' },
  );

export const accountExists = (name: string) =>
  new AppError(
    'conflict',
    `There is already an account with your e-mail address, which is not verified. Log in to it and link ${name}.`,
    { code: 'account_exists' },
  );

export const linkedToSomebodyElse = (name: string) =>
  new AppError('conflict', `This ${name} account is linked to another account here.`, { code: 'oauth_account_taken' });

export const tooManyAccounts = (limit: number) =>
  new AppError('conflict', `You have linked ${limit} accounts, which is the most; unlink one first.`, {
    code: 'too_many_oauth_accounts',
  });

export const onlyWayIn = () =>
  new AppError('conflict', 'You have no other way to log in: set a password first, by `password/forgot`.', {
    code: 'only_way_in',
  });

export const accessLost = (name: string) =>
  new AppError('conflict', `${name} no longer gives access; sign in with it again.`, { code: 'oauth_access_lost' });

/** Two sign-ins of a new person at the same moment. */
export const signedInTwice = () =>
  new AppError('conflict', 'Your account was made at this very moment; sign in again.', { code: 'oauth_raced' });

/** What people are told of a provider's failure; the operator reads the rest in the log. */
export const providerFailed = (name: string, cause: ProviderError): AppError => {
  if (cause.failure === 'refused') return signInRefused(name);
  const message = `${name} cannot be asked at present; try again shortly.`;
  return new AppError('unavailable', message, { code: 'provider_unavailable', retryAfterSeconds: 5, cause });
};
