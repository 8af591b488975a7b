import { composeMail, type MailContent } from './layout.ts';

/** Tells the owner that somebody came in without the app. */
export function recoveryCodeUsedMail(facts: { username: string; codesLeft: number }): MailContent {
  const left = facts.codesLeft === 1 ? 'One code is' : `${facts.codesLeft} codes are`;
  return composeMail({
    subject: 'A recovery code was used',
    name: facts.username,
    paragraphs: [
      `a recovery code was used instead of a code of your authenticator app. It works no more. ${left} left.`,
      'If it was not you, somebody has your password and your codes: choose a new password, and make new codes.',
    ],
  });
}

/** Tells the owner that the codes they keep are worthless. */
export function recoveryCodesReplacedMail(facts: { username: string }): MailContent {
  return composeMail({
    subject: 'Your recovery codes were replaced',
    name: facts.username,
    paragraphs: [
      'new recovery codes were made for your account. The older ones work no more.',
      'If it was not you, somebody else knows your password: choose a new one, and make new codes.',
    ],
  });
}
