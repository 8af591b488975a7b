import { expect, it } from 'vitest';
import { type Mail, MailError, type Mailer } from '../../src/platform/mail/mail.ts';

export type MailerUnderTest = {
  mailer: Mailer;
  /** What whoever delivers has taken, oldest first. */
  taken(): Promise<Omit<Mail, 'id'>[]>;
};

export type HostedMailerUnderTest = MailerUnderTest & {
  /** Lets the next hand-overs fail, as often as said, in a way that may pass or that will not. */
  fail(times: number, kind: 'transient' | 'permanent'): void;
};

export const aMail = (values: Partial<Mail> = {}): Mail => ({
  id: crypto.randomUUID(),
  to: 'ada@example.com',
  subject: 'Grüße & “quotes”',
  text: 'Line one\nLine two <b>\n',
  html: '<p>Line one &lt;b&gt;</p>',
  ...values,
});

/** What every adapter of the mail port must do. */
export function describeMailer(create: () => MailerUnderTest): void {
  it('hands a mail over as it is', async () => {
    const under = create();
    const mails = [aMail(), aMail({ to: 'grace@example.com' })];
    for (const mail of mails) await under.mailer.send(mail);
    expect(await under.taken()).toMatchObject(mails.map(sent));
  });
}

/** What every adapter of a service over the network must do besides. */
export function describeHostedMailer(create: () => HostedMailerUnderTest): void {
  describeMailer(create);

  it('tries again what may pass', async () => {
    const under = create();
    under.fail(2, 'transient');
    const mail = aMail();
    await under.mailer.send(mail);
    expect(await under.taken()).toMatchObject([sent(mail)]);
  });

  it('gives up after three tries, and says that it may pass', async () => {
    const under = create();
    under.fail(3, 'transient');
    await expect(under.mailer.send(aMail())).rejects.toMatchObject({ name: 'MailError', isTransient: true });
    expect(await under.taken()).toEqual([]);
    await under.mailer.send(aMail());
    expect(await under.taken()).toHaveLength(1);
  });

  it('does not repeat what will not pass, and quotes neither address nor content', async () => {
    const under = create();
    under.fail(1, 'permanent');
    const error = await under.mailer.send(aMail()).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MailError);
    expect(error).toMatchObject({ isTransient: false });
    expect(String(error) + (error instanceof Error ? `${error.stack}${error.cause}` : '')).not.toMatch(/ada@|Line one/);
    expect(await under.taken()).toEqual([]);
  });
}

/** A service need not keep our name for a mail. */
const sent = ({ id: _, ...mail }: Mail) => mail;
