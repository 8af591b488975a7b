import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { newUser } from './support/actors.ts';
import { call, send } from './support/app.ts';
import { type DocumentView, uploaded } from './support/library.ts';
import { exifPhoto, redAndBlue, toneWithTags } from './support/media-samples.ts';
import { search } from './support/sample-library.ts';

describe('pictures and recordings in a library', () => {
  let token: string;
  let photo: DocumentView;
  let song: DocumentView;

  beforeAll(async () => {
    ({ token } = await newUser());
    ({ document: photo } = await uploaded({
      token,
      content: exifPhoto(),
      filename: 'IMG_0042.jpg',
      type: 'text/html',
    }));
    ({ document: song } = await uploaded({ token, content: toneWithTags(), filename: 'take1.wav', type: 'audio/wav' }));
  });

  const found = async (q: string) => (await search(token, `q=${encodeURIComponent(q)}&mode=keyword`)).body.items;

  it('a photograph is ready without a model, and found by its caption, its camera and its name', async () => {
    expect(photo).toMatchObject({
      status: 'ready',
      kind: 'image',
      error: null,
      extractedMetadata: { format: 'jpeg', width: 96, height: 64, camera: 'NIKON D70' },
    });
    for (const q of ['harbour', 'NIKON D70', 'IMG_0042']) {
      expect((await found(q))[0], q).toMatchObject({ documentId: photo.id, kind: 'image' });
    }
  });

  it('a song is found by its artist', async () => {
    expect(song).toMatchObject({ status: 'ready', kind: 'audio', title: 'Morning song' });
    expect(song['extractedMetadata']).toMatchObject({ artist: 'Ada Lovelace', format: 'wav', durationMs: 1000 });
    expect((await found('lovelace'))[0]).toMatchObject({ documentId: song.id });
  });

  it('what was measured is kept with the reading, and what a model could add', async () => {
    const { objects } = await env.FILES.list();
    const readings = objects.filter(({ key }) => key.endsWith('/reading.json') && key.includes(photo.id));
    expect(readings).toHaveLength(1);
    const reading = await (await env.FILES.get(readings[0]?.key ?? ''))?.json();
    expect(reading).toMatchObject({
      wanted: ['ocr', 'caption'],
      measurements: { image: { perceptualHash: expect.stringMatching(/^[0-9a-f]{16}$/), colours: expect.any(Array) } },
    });
  });

  it('both are shown in place, under the type of what they are, whatever they were declared as', async () => {
    for (const [document, type] of [
      [photo, 'image/jpeg'],
      [song, 'audio/wav'],
    ] as const) {
      const content = await send(`/v1/documents/${document.id}/content`, { token });
      expect(content.headers.get('content-type')).toBe(type);
      expect(content.headers.get('content-disposition')).toMatch(/^inline; filename=/);
      expect(content.headers.get('x-content-type-options')).toBe('nosniff');
      expect(content.headers.get('content-security-policy')).toContain('sandbox');
      expect((await content.arrayBuffer()).byteLength).toBe(document['sizeBytes']);
    }
  });

  it('drawings and pages are never shown, and neither is what could not be read', async () => {
    const script = '<svg xmlns="http://www.w3.org/2000/svg"><title>Plan</title><script>alert(1)</script></svg>';
    const drawing = await uploaded({ token, content: script, filename: 'plan.svg', type: 'image/svg+xml' });
    expect(drawing.document).toMatchObject({ status: 'ready', kind: 'image', title: 'Plan' });
    const broken = await uploaded({ token, content: redAndBlue().slice(0, 60), filename: 'a.png', type: 'image/png' });
    expect(broken.document).toMatchObject({ status: 'failed', error: { code: 'malformed' } });
    const page = await uploaded({ token, content: '<html><p>Hello</p></html>', filename: 'a.png', type: 'image/png' });
    for (const { document } of [drawing, broken, page]) {
      const content = await send(`/v1/documents/${document.id}/content`, { token });
      expect(content.headers.get('content-disposition')).toMatch(/^attachment/);
      expect(content.headers.get('content-security-policy')).toContain('sandbox');
      expect((await content.arrayBuffer()).byteLength).toBe(document['sizeBytes']);
    }
  });

  it('a file that kills the decoder takes nothing else with it', async () => {
    const whole = redAndBlue();
    const damaged = whole.slice();
    damaged.fill(0xff, 45, 60);
    const bad = await Promise.all(
      [1, 2, 3].map(() => uploaded({ token, content: damaged, filename: 'bad.png', type: 'image/png' })),
    );
    for (const { document } of bad) expect(document).toMatchObject({ status: 'failed', error: { code: 'malformed' } });
    const { document } = await uploaded({ token, content: whole, filename: 'good.png', type: 'image/png' });
    expect(document.status).toBe('ready');
    const { body } = await call<DocumentView>(`/v1/documents/${photo.id}`, { token });
    expect(body.status).toBe('ready');
  });
});
