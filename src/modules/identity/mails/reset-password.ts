import { composeMail, inWords, type MailContent } from './layout.ts';

/** Lets whoever reads the account's address choose a new password. */
export function resetPasswordMail(facts: { username: string; url: string; lifetimeSeconds: number }): MailContent {
  return composeMail({
    subject: 'Choose a new password',
    name: facts.username,
    paragraphs: [
      'somebody, hopefully you, has asked for a new password for your account. Choose it here:',
      `The link works once, for ${inWords(facts.lifetimeSeconds)}. A new password ends all sessions.`,
      'If it was not you, ignore this mail: your password stays as it is.',
    ],
    action: { label: 'Choose a new password', url: facts.url },
  });
}
