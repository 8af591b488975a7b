import { composeMail, inWords, type MailContent } from './layout.ts';

/** Asks whoever reads the address to say that it is theirs. */
export function verifyEmailMail(facts: { username: string; url: string; lifetimeSeconds: number }): MailContent {
  return composeMail({
    subject: 'Confirm your e-mail address',
    name: facts.username,
    paragraphs: [
      'please confirm that this address is yours:',
      `The link works once, for ${inWords(facts.lifetimeSeconds)}.`,
      'If you have not made an account at Commonplace, ignore this mail.',
    ],
    action: { label: 'Confirm this address', url: facts.url },
  });
}
