import { composeMail, inWords, type MailContent } from './layout.ts';

/** Invites somebody to the account that an administrator has made for them. */
export function invitationMail(facts: { username: string; url: string; lifetimeSeconds: number }): MailContent {
  return composeMail({
    subject: 'Your account at Commonplace',
    name: facts.username,
    paragraphs: [
      'an administrator has made an account for you. Choose your password, then log in with it:',
      `The link works once, for ${inWords(facts.lifetimeSeconds)}. After that, ask for another as for a forgotten password.`,
      'If you do not want an account, ignore this mail: nobody can log in to it.',
    ],
    action: { label: 'Choose your password', url: facts.url },
  });
}
