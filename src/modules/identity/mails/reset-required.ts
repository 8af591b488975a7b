import { composeMail, inWords, type MailContent } from './layout.ts';

/** Tells the owner that an administrator has made the password worthless, and lets them choose another. */
export function resetRequiredMail(facts: { username: string; url: string; lifetimeSeconds: number }): MailContent {
  return composeMail({
    subject: 'You must choose a new password',
    name: facts.username,
    paragraphs: [
      'an administrator has ended your password and all your sessions. Choose a new password here:',
      `The link works once, for ${inWords(facts.lifetimeSeconds)}. After that, ask for another as for a forgotten one.`,
    ],
    action: { label: 'Choose a new password', url: facts.url },
  });
}
