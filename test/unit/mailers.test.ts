import { describe, expect, it } from 'vitest';
import { createHttpMail } from '../../src/platform/mail/http-mail.ts';
import { type Mail, MailError } from '../../src/platform/mail/mail.ts';
import { createSendEmail, type SendEmailBinding } from '../../src/platform/mail/send-email.ts';
import { aMail, describeHostedMailer } from '../support/mailer.contract.ts';

const FROM = 'no-reply@example.com';
const QUICK = { now: Date.now, policy: { firstDelayMs: 1, timeoutMs: 200 } };

describe('the mailer by Cloudflare’s binding', () => {
  function underTest(outcome?: () => Promise<unknown>) {
    const taken: Omit<Mail, 'id'>[] = [];
    const failures: Error[] = [];
    const binding: SendEmailBinding = {
      async send({ from, ...mail }) {
        expect(from).toBe(FROM);
        const failure = failures.shift();
        if (failure) throw failure;
        await outcome?.();
        taken.push(mail);
      },
    };
    const codes = { transient: 'E_INTERNAL_SERVER_ERROR', permanent: 'E_RECIPIENT_NOT_ALLOWED' };
    return {
      mailer: createSendEmail(binding, { from: FROM, ...QUICK }),
      taken: async () => taken,
      fail: (times: number, kind: 'transient' | 'permanent') => {
        const error = () => Object.assign(new Error('destination ada@example.com refused'), { code: codes[kind] });
        failures.push(...Array.from({ length: times }, error));
      },
    };
  }

  describeHostedMailer(() => underTest());

  it('does not wait for ever', async () => {
    const { mailer } = underTest(() => new Promise(() => {}));
    await expect(mailer.send(aMail())).rejects.toMatchObject({ name: 'MailError', isTransient: true });
  });

  it('leaves a service alone that fails and fails', async () => {
    let calls = 0;
    const binding = {
      send: () => Promise.reject(Object.assign(new Error('down'), { code: `E_DOWN_${calls++}`.slice(0, 6) })),
    };
    const mailer = createSendEmail(binding, { from: FROM, ...QUICK });
    for (let i = 0; i < 10; i++) await expect(mailer.send(aMail())).rejects.toBeInstanceOf(MailError);
    expect(calls).toBe(5 * 3);
  });
});

describe('the mailer by an HTTP API', () => {
  const settings = { url: 'https://mail.example/send', header: 'x-secret', secret: 'Bearer s3cret', from: FROM };

  function underTest() {
    const taken: Mail[] = [];
    const requests: Request[] = [];
    const statuses: number[] = [];
    const server: typeof fetch = async (input, init) => {
      const request = new Request(input, init);
      requests.push(request.clone());
      const status = statuses.shift() ?? 200;
      if (status === 0) throw new TypeError('getaddrinfo failed for ada@example.com');
      if (status >= 300) return new Response('ada@example.com is refused', { status });
      const { from: _, to, ...content } = await request.json<{ from: string; to: string[] } & Omit<Mail, 'to'>>();
      taken.push({ ...content, to: to[0] ?? '' });
      return Response.json({ id: 'accepted' });
    };
    return {
      mailer: createHttpMail(settings, { ...QUICK, fetch: server }),
      requests,
      statuses,
      taken: async () => taken,
      fail: (times: number, kind: 'transient' | 'permanent') => {
        const cycle = kind === 'transient' ? [503, 0, 429] : [422];
        statuses.push(...Array.from({ length: times }, (_, index) => cycle[index % cycle.length] ?? 500));
      },
    };
  }

  describeHostedMailer(underTest);

  it('sends what such services take, under one key however often', async () => {
    const { mailer, requests, fail } = underTest();
    fail(1, 'transient');
    const mail = aMail();
    await mailer.send(mail);
    expect(requests).toHaveLength(2);
    for (const request of requests) {
      expect([request.method, request.url, request.redirect]).toEqual(['POST', settings.url, 'manual']);
      expect(request.headers.get('content-type')).toBe('application/json');
      expect(request.headers.get('x-secret')).toBe('Bearer s3cret');
      expect(request.headers.get('idempotency-key')).toBe(mail.id);
    }
    const { id: _, to, ...content } = mail;
    expect(await requests[1]?.json()).toEqual({ from: FROM, to: [to], ...content });
  });

  it.each([301, 302, 307, 400, 401, 403, 404, 413])('does not repeat what was answered by %i', async (status) => {
    const { mailer, requests, statuses } = underTest();
    statuses.push(status);
    await expect(mailer.send(aMail())).rejects.toMatchObject({ isTransient: false });
    expect(requests).toHaveLength(1);
  });
});
