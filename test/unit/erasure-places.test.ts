import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

/** Where objects are written, and how an erasure finds them: by these prefixes, or by what they say. */
const WRITERS: Record<string, string> = {
  'src/modules/identity/avatars.service.ts': 'owners/<id>/avatars/, removed by prefix',
  'src/modules/ingestion/archive.ts': 'owners/<id>/, removed by prefix',
  'src/modules/library/document-batch.ts': 'owners/<id>/, by keys that the archive makes',
  'src/modules/library/document-children.ts': 'owners/<id>/, by keys that the archive makes',
  'src/modules/library/document-upload.ts': 'owners/<id>/, by keys that the archive makes',
  'src/modules/resources/taking-in.ts': 'owners/<id>/, by keys that the archive makes',
  'src/modules/uploads/upload-writer.ts': 'owners/<id>/, by keys that the archive makes',
  'src/modules/uploads/uploads.service.ts': 'parts for owners/<id>/, dropped by the rows that name them',
  'src/platform/mail/outbox.ts': 'outbox/, on local servers only, removed by address',
};

/** Durable Objects, and what an erasure calls. */
const OBJECTS: Record<string, string> = {
  LIBRARY_INDEX: 'LibraryIndex.erase',
  RATE_LIMITER: 'RateLimiter.erase',
  ATTEMPT_GUARD: 'AttemptGuard.erase',
};

const sources = readdirSync(path.join(root, 'src'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /(?<!\.d)\.ts$/.test(entry.name))
  .map((entry) => path.join(entry.parentPath, entry.name))
  .map((file) => ({ file: path.relative(root, file).replaceAll('\\', '/'), text: readFileSync(file, 'utf8') }));

describe('what an erasure must find outside of the catalogue', () => {
  it('is written by no file that is not on the list: put what belongs to a user under owners/<id>/, and list the file', () => {
    const writers = sources
      .filter(({ file }) => !file.startsWith('src/platform/files/'))
      .filter(({ text }) =>
        /\bfiles\s*\.\s*(put|write)\s*\(|\bparts\s*\.\s*begin\s*\(|\bFILES\b[.\w]*\.\s*(put|createMultipartUpload)\s*\(/.test(
          text,
        ),
      )
      .map(({ file }) => file);
    expect(writers.sort()).toEqual(Object.keys(WRITERS).sort());
  });

  it('is in no Durable Object that cannot be erased', () => {
    const bound = [...readFileSync(path.join(root, 'wrangler.toml'), 'utf8').matchAll(/^class_name = "(\w+)"/gm)];
    const classes = Object.values(OBJECTS).map((verb) => verb.split('.')[0]);
    expect(new Set(bound.map(([, name]) => name))).toEqual(new Set(classes));
    for (const name of classes) {
      const source = sources.find(({ text }) => text.includes(`export class ${name} extends DurableObject`));
      expect(source?.text, `${name} needs erase()`).toMatch(/\basync erase\(\): Promise<number>/);
    }
  });

  it('is in KV only as copies of what an index answers, which the index discards when it is erased', () => {
    const holders = sources.filter(({ text }) => text.includes('KVNamespace')).map(({ file }) => file);
    expect(holders.sort()).toEqual(['src/env.ts', 'src/index-object/shared-results.ts']);
  });

  it('is in no other kind of store', () => {
    const configured = readFileSync(path.join(root, 'wrangler.toml'), 'utf8');
    const kinds = [...configured.matchAll(/^\[\[(?:env\.\w+\.)?(\w+)/gm)].map(([, kind]) => kind);
    const databases = ['d1_databases', 'r2_buckets', 'durable_objects', 'vectorize', 'kv_namespaces'];
    const known = [...databases, 'migrations', 'queues', 'ratelimits'];
    expect([...new Set(kinds)].filter((kind) => !known.includes(kind ?? ''))).toEqual([]);
  });
});
