import { composeMail, type MailContent } from './layout.ts';

/** Tells the owner that there is another way into the account. */
export function passkeyAddedMail(facts: { username: string; passkey: string }): MailContent {
  return composeMail({
    subject: 'A passkey was added',
    name: facts.username,
    paragraphs: [
      `the passkey “${facts.passkey}” was added to your account. It logs in without your password.`,
      'If it was not you, somebody else has been in your account: delete the passkey, choose a new password, and end all ' +
        'sessions.',
    ],
  });
}

/** Tells the owner that a way into the account is gone. */
export function passkeyRemovedMail(facts: { username: string; passkey: string }): MailContent {
  return composeMail({
    subject: 'A passkey was removed',
    name: facts.username,
    paragraphs: [
      `the passkey “${facts.passkey}” was removed from your account. It logs in no more.`,
      'If it was not you, somebody else has been in your account: choose a new password, and end all sessions.',
    ],
  });
}
