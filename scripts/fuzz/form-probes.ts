import type { Dice } from './dice.ts';
import { type Draft, filePart, formBytes, type Part, toWire } from './draft.ts';
import { declared, type Probe, shown } from './probe.ts';
import { HOSTILE_TEXTS } from './values.ts';

const field = (name: string, content: string): Part => ({ disposition: `form-data; name="${name}"`, content });
const file = () => filePart('A note.');
const named = (filename: string) => filePart('A note.', filename);

/** Forms that say too much, too little, or something that no honest library would write. */
const ODD_FORMS: [what: string, parts: Part[]][] = [
  ['no parts', []],
  ['no file', [field('title', 'x')]],
  ['an empty file', [filePart('')]],
  ['two files', [file(), file()]],
  ['a file under another name', [{ ...file(), disposition: 'form-data; name="other"; filename="x.txt"' }]],
  ['a file without a name', [{ ...file(), disposition: 'form-data; name="file"' }]],
  ['a field without a name', [{ disposition: 'form-data', content: 'x' }, file()]],
  ['a file without any name', [{ disposition: 'form-data; filename="x.txt"', content: 'x' }]],
  ['a field with an empty name', [field('', 'x'), file()]],
  ['another disposition', [{ disposition: 'attachment; name="file"; filename="x.txt"', content: 'x' }]],
  ['an empty disposition', [{ disposition: '', content: 'x' }, file()]],
  ['a field twice', [field('title', 'a'), field('title', 'b'), file()]],
  ['tags twice', [field('tags', 'a'), field('tags', 'b'), file()]],
  ['tags as broken JSON', [field('tags', '["a"'), file()]],
  ['tags as other JSON', [field('tags', '[1, null, {}]'), file()]],
  ['too many tags', [field('tags', Array.from({ length: 51 }, (_, at) => `t${at}`).join(',')), file()]],
  ['metadata as an array', [field('metadata', '[]'), file()]],
  ['metadata as no JSON', [field('metadata', '{'), file()]],
  ['deep metadata', [field('metadata', `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`), file()]],
  ['an unknown field', [field('unknown', 'x'), file()]],
  ['a prototype', [field('__proto__', '{}'), field('constructor', 'x'), field('toString', 'x'), file()]],
  ['a long field', [field('title', 'x'.repeat(300_000)), file()]],
  ['many fields', [...Array.from({ length: 60 }, (_, at) => field(`f${at}`, 'x')), file()]],
  ['a long field name', [field('x'.repeat(5_000), 'x'), file()]],
  ['a filename that is a path', [named('../../etc/passwd')]],
  ['a filename of spaces', [named('   ')]],
  ['a filename with a line break', [named('a\r\nb.txt')]],
  ['a filename with a null byte', [named('a\0b.txt')]],
  ['a filename of marks', [named('\u202egnp.\u0301txt')]],
  ['a long filename', [named(`${'x'.repeat(3_000)}.txt`)]],
  ['an extended filename', [{ ...file(), disposition: `form-data; name="file"; filename*=UTF-8''%E2%82%AC%00.txt` }]],
  ['a broken extended filename', [{ ...file(), disposition: `form-data; name="file"; filename*=x'y'%zz%ff` }]],
  ['an odd media type', [filePart('A note.', 'x.txt', "text/html; a='b' \u00ff")]],
  ['a script', [filePart('<script>alert(1)</script>', 'x.html', 'text/html; charset=utf-7')]],
  ['a charset', [filePart(Buffer.from([0xe9, 0x20, 0xe8]), 'x.txt', 'text/plain; charset=iso-8859-1')]],
  ['bytes of no format', [filePart(Buffer.from([0, 1, 2, 255, 254]), 'x.bin', 'application/octet-stream')]],
  ['a PDF that is none', [filePart('%PDF-1.7\n%%EOF', 'x.pdf', 'application/pdf')]],
  ['an archive that is none', [filePart('PK\x03\x04broken', 'x.docx', 'application/zip')]],
];

const RAW_FORMS: [what: string, body: Buffer][] = [
  ['an empty body', Buffer.alloc(0)],
  ['no boundary in the body', Buffer.from('hello')],
  ['a form that breaks off', formBytes([file()]).subarray(0, 60)],
  ['a form without its end', formBytes([file()]).subarray(0, -6)],
  ['line feeds alone', Buffer.from(formBytes([file()]).toString().replaceAll('\r\n', '\n'))],
  ['text before and after', Buffer.concat([Buffer.from('before\r\n'), formBytes([file()]), Buffer.from('after')])],
  ['a header without a colon', Buffer.from('--fuzz-boundary-7c1f\r\nnonsense\r\n\r\nx\r\n--fuzz-boundary-7c1f--\r\n')],
  ['a nested boundary', Buffer.concat([formBytes([file()]), formBytes([file()])])],
  ['endless headers', Buffer.from(`--fuzz-boundary-7c1f\r\n${'a: b\r\n'.repeat(20_000)}`)],
];

export function* formProbes(draft: Draft, dice: Dice): Generator<Probe> {
  const type: Draft['headers'][number] = ['content-type', 'multipart/form-data; boundary=fuzz-boundary-7c1f'];
  for (const [what, parts] of dice.sample(ODD_FORMS, 16)) yield declared(`form: ${what}`, toWire({ ...draft, parts }));
  for (const [what, body] of dice.sample(RAW_FORMS, 4)) {
    yield declared(`form: ${what}`, toWire({ ...draft, headers: [...draft.headers, type] }, { body }));
  }
  for (const name of Object.keys(draft.operation.formBody?.properties ?? {})) {
    for (const text of dice.sample(HOSTILE_TEXTS, 3)) {
      const parts = [
        ...(draft.parts ?? []).filter((part) => !part.disposition.includes(`"${name}"`)),
        field(name, text),
      ];
      yield declared(`form ${name}: ${shown(text)}`, toWire({ ...draft, parts }));
    }
  }
}
