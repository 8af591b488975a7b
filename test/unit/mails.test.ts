import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changeEmailMail } from '../../src/modules/identity/mails/change-email.ts';
import { emailChangeAskedMail } from '../../src/modules/identity/mails/email-change-asked.ts';
import { invitationMail } from '../../src/modules/identity/mails/invitation.ts';
import { composeMail, escapeHtml, inWords } from '../../src/modules/identity/mails/layout.ts';
import { passkeyAddedMail, passkeyRemovedMail } from '../../src/modules/identity/mails/passkeys-changed.ts';
import { passwordChangedMail } from '../../src/modules/identity/mails/password-changed.ts';
import { recoveryCodesReplacedMail, recoveryCodeUsedMail } from '../../src/modules/identity/mails/recovery-codes.ts';
import { resetPasswordMail } from '../../src/modules/identity/mails/reset-password.ts';
import { resetRequiredMail } from '../../src/modules/identity/mails/reset-required.ts';
import { twoFactorOffMail, twoFactorOnMail } from '../../src/modules/identity/mails/two-factor-changed.ts';
import { verifyEmailMail } from '../../src/modules/identity/mails/verify-email.ts';

const HOSTILE = '<script>alert("1")</script> & \'co\'';
const URL = 'https://commonplace.example/docs/verify-email/#token=cpv_x&y="><img src=x>';
const facts = { username: HOSTILE, url: URL, lifetimeSeconds: 3600 };

/** What tells of a change that has happened. */
const NOTICES = [
  ['confirmation', passwordChangedMail(facts)],
  ['notice of a new address', emailChangeAskedMail({ ...facts, newEmail: `${HOSTILE}@example.com` })],
  ['second factor', twoFactorOnMail(facts)],
  ['single factor', twoFactorOffMail(facts)],
  ['used code', recoveryCodeUsedMail({ ...facts, codesLeft: 9 })],
  ['new codes', recoveryCodesReplacedMail(facts)],
  ['new passkey', passkeyAddedMail({ ...facts, passkey: HOSTILE })],
  ['removed passkey', passkeyRemovedMail({ ...facts, passkey: HOSTILE })],
] as const;

const MAILS = [
  ['verification', verifyEmailMail(facts)],
  ['reset', resetPasswordMail(facts)],
  ['forced reset', resetRequiredMail(facts)],
  ['invitation', invitationMail(facts)],
  ['new address', changeEmailMail(facts)],
  ...NOTICES,
] as const;

describe('the mail of', () => {
  it.each(MAILS)('%s says the same in text and in HTML, escaped there', (_, { subject, text, html }) => {
    expect(subject).toMatch(/^[A-Z][\w -]+$/);
    expect(text).toContain(`Hello ${HOSTILE},`);
    expect(html).toContain(`Hello ${escapeHtml(HOSTILE)},`);
    expect(html).not.toMatch(/<script|<img/);
    expect(html).toContain(`<title>${subject}</title>`);
    const words = text.replaceAll(URL, '').split(/\n+/).filter(Boolean);
    for (const line of words) expect(html).toContain(escapeHtml(line));
  });

  it('all that carry a token have one link, with its lifetime', () => {
    const mails = [verifyEmailMail, resetPasswordMail, resetRequiredMail, invitationMail, changeEmailMail];
    for (const { text, html } of mails.map((compose) => compose(facts))) {
      expect(text.split('\n')).toContain(URL);
      expect(html.match(/href="([^"]*)"/g)).toEqual([`href="${escapeHtml(URL)}"`]);
      expect(text).toContain('1 hour');
    }
  });

  it.each(NOTICES)('%s has no link: it must not teach people to follow one', (_, { text, html }) => {
    expect(html).not.toContain('href');
    expect(text).not.toMatch(/https?:/);
  });
});

describe('the layout', () => {
  it('lets no text out of its place', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (name, paragraph) => {
        const plain = composeMail({ subject: 'S', name: 'n', paragraphs: ['p'] }).html;
        const { html } = composeMail({ subject: 'S', name, paragraphs: [paragraph] });
        const tags = (text: string) => text.match(/<[^>]*>/g);
        return JSON.stringify(tags(html)) === JSON.stringify(tags(plain));
      }),
    );
  });

  it.each([
    [3600, '1 hour'],
    [86_400, '24 hours'],
    [5400, '90 minutes'],
    [60, '1 minute'],
    [90, '90 seconds'],
  ])('says %i s as %s', (seconds, words) => {
    expect(inWords(seconds)).toBe(words);
  });
});
