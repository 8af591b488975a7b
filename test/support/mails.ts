type Part = { filename?: string; type?: string; content: string; disposition?: string; headers?: string };

type Mail = { subject?: string; text?: string; html?: string; headers?: string };

/** A mail as programs write it: a body in one or two forms, and attachments. */
export function mail({ subject = 'A mail', text, html, headers = '' }: Mail, attachments: Part[] = []): string {
  const forms = [
    ...(text === undefined ? [] : [{ type: 'text/plain; charset=utf-8', content: text }]),
    ...(html === undefined ? [] : [{ type: 'text/html; charset=utf-8', content: html }]),
  ];
  const body = multipart(
    'alternative',
    forms.map(({ type, content }) => `Content-Type: ${type}\r\n\r\n${content}`),
  );
  const files = attachments.map(
    ({ filename, type = 'text/plain', content, disposition = 'attachment', headers: own = '' }) => {
      const name = filename === undefined ? '' : `; filename="${filename}"`;
      return `Content-Type: ${type}\r\nContent-Disposition: ${disposition}${name}\r\n${own}\r\n${content}`;
    },
  );
  const whole = files.length === 0 ? body : multipart('mixed', [body, ...files]);
  const fields = ['From: Ada <ada@example.org>', 'To: Bob <bob@example.org>', 'Date: Mon, 01 Jan 2024 10:00:00 +0100'];
  return `${[...fields, `Subject: ${subject}`].join('\r\n')}\r\n${headers}MIME-Version: 1.0\r\n${whole}`;
}

function multipart(kind: string, parts: string[]): string {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const boundary = `=_${kind}_${crypto.randomUUID()}`;
  const body = parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('');
  return `Content-Type: multipart/${kind}; boundary="${boundary}"\r\n\r\n${body}--${boundary}--\r\n`;
}
