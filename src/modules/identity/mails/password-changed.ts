import { composeMail, type MailContent } from './layout.ts';

/** Tells the owner that the password was replaced, in case it was not them. */
export function passwordChangedMail(facts: { username: string }): MailContent {
  return composeMail({
    subject: 'Your password was changed',
    name: facts.username,
    paragraphs: [
      'your password was changed by a link that was sent to this address, and all sessions were ended. API keys keep ' +
        'working: delete those that you do not trust.',
      'If it was not you, somebody else reads your mail. Secure your mailbox first, then ask for a new password.',
    ],
  });
}
