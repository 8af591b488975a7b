export type Mail = {
  /** Names this mail: a service that has seen it does not send it again. */
  id: string;
  /** One address. */
  to: string;
  subject: string;
  text: string;
  html: string;
};

/** The mail port. */
export type Mailer = {
  /**
   * Hands a mail over to whoever delivers it. Resolves when they have taken it.
   * @throws MailError, whose message holds neither address nor content.
   */
  send(mail: Mail): Promise<void>;
};

/** A mail that was not taken. */
export class MailError extends Error {
  override readonly name = 'MailError';
  /** Whether the same mail may be taken later. */
  readonly isTransient: boolean;

  constructor(message: string, { isTransient }: { isTransient: boolean }) {
    super(message);
    this.isTransient = isTransient;
  }
}

/** For installations without a mail service: refuses everything, so that the log says why nothing arrives. */
export const createNoMail = (): Mailer => ({
  send: () => Promise.reject(new MailError('No mail service is configured (MAIL=none).', { isTransient: false })),
});
