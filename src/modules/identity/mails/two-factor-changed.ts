import { composeMail, type MailContent } from './layout.ts';

/** Tells the owner that logging in takes a second factor now. */
export function twoFactorOnMail(facts: { username: string }): MailContent {
  return composeMail({
    subject: 'Two-factor authentication is on',
    name: facts.username,
    paragraphs: [
      'from now on, logging in with your password also takes a code of your authenticator app. All other sessions were ' +
        'ended. Keep the recovery codes where you find them without the app.',
      'If it was not you, somebody else knows your password: choose a new one, and end all sessions.',
    ],
  });
}

/** Tells the owner that the password alone is enough again. */
export function twoFactorOffMail(facts: { username: string }): MailContent {
  return composeMail({
    subject: 'Two-factor authentication is off',
    name: facts.username,
    paragraphs: [
      'from now on, your password alone is enough to log in. The recovery codes are worthless; passkeys stay.',
      'If it was not you, somebody else knows your password: choose a new one, and turn it on again.',
    ],
  });
}
