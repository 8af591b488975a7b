import { composeMail, type MailContent } from './layout.ts';

/** Tells the present address that the account is to get another one, in case it was not its owner. */
export function emailChangeAskedMail(facts: { username: string; newEmail: string }): MailContent {
  return composeMail({
    subject: 'Your e-mail address is to be changed',
    name: facts.username,
    paragraphs: [
      `somebody who knows your password has asked for your account to get the address ${facts.newEmail}. It will, as soon ` +
        'as the mail that was sent there is confirmed.',
      'If it was not you, change your password now: that also ends what was asked for.',
    ],
  });
}
