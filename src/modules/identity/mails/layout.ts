/** A mail's content: the same in plain text and in HTML. */
export type MailContent = { subject: string; text: string; html: string };

type Parts = {
  subject: string;
  /** Who is addressed. */
  name: string;
  paragraphs: string[];
  action?: { label: string; url: string };
};

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text as HTML, in elements and in quoted attributes. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => ESCAPES[sign] ?? sign);

/** Puts a mail together: greeting, what is to be said, and at most one link. */
export function composeMail({ subject, name, paragraphs, action }: Parts): MailContent {
  const greeting = `Hello ${name},`;
  const [first = '', ...rest] = paragraphs;
  const text = [greeting, first, ...(action ? [action.url] : []), ...rest, 'Commonplace'].join('\n\n');
  const link = action && `<a href="${escapeHtml(action.url)}">${escapeHtml(action.label)}</a>`;
  const blocks = [greeting, first].map(escapeHtml).concat(link ?? [], rest.map(escapeHtml));
  const body = blocks.map((block) => `<p>${block}</p>`).join('\n');
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escapeHtml(subject)}</title></head>
<body style="font-family:sans-serif;line-height:1.5;max-width:36em">
${body}
<p>Commonplace</p>
</body>
</html>
`;
  return { subject, text: `${text}\n`, html };
}

/** A lifetime in words: `1 hour`, `24 hours`, `90 seconds`. */
export function inWords(seconds: number): string {
  const [size, unit] = UNITS.find(([unitSeconds]) => seconds % unitSeconds === 0) ?? [1, 'second'];
  const count = seconds / size;
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

const UNITS: [seconds: number, name: string][] = [
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
];
