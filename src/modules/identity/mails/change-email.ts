import { composeMail, inWords, type MailContent } from './layout.ts';

/** Asks whoever reads an address that an account is to get to say that it is theirs. */
export function changeEmailMail(facts: { username: string; url: string; lifetimeSeconds: number }): MailContent {
  return composeMail({
    subject: 'Confirm your new e-mail address',
    name: facts.username,
    paragraphs: [
      'please confirm that your account at Commonplace is to have this address from now on:',
      `The link works once, for ${inWords(facts.lifetimeSeconds)}. Until then the old address stays.`,
      'If you have no such account, ignore this mail.',
    ],
    action: { label: 'Confirm this address', url: facts.url },
  });
}
