import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Source, violations } from './architecture.rules.ts';

const root = path.resolve(import.meta.dirname, '../..');

function readSources(): Source[] {
  return readdirSync(path.join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.d)\.ts$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => ({ path: path.relative(root, file).replaceAll('\\', '/'), text: readFileSync(file, 'utf8') }));
}

describe('the architecture', () => {
  it('is kept by every file', () => {
    const sources = readSources();
    expect(sources.length).toBeGreaterThan(50);
    expect(violations(sources)).toEqual([]);
  });
});

describe('the rules of the architecture', () => {
  const routes = 'src/modules/library/tags.routes.ts';
  const service = 'src/modules/library/tags.service.ts';
  const topic = 'src/modules/library/tags.ts';

  it.each<[rule: string, file: string, text: string]>([
    ['imports go one way', 'src/db/client.ts', "import type { X } from '../modules/library/tags.service.ts';"],
    ['imports go one way', 'src/platform/mail.ts', "export { X } from '../db/client.ts';"],
    ['imports go one way', 'src/index-object/a.ts', "const x = await import('../modules/library/tags.ts');"],
    ['imports go one way', 'src/shared/a.ts', "import '../config.ts';"],
    ['imports go one way', service, "import type { Services } from '../../services.ts';"],
    ['imports go one way', topic, "import { createApp } from '../../app.ts';"],
    ['imports go one way', 'src/jobs/consume.ts', "import { json } from '../http/openapi.ts';"],
    ['tables only', 'src/db/schema.ts', "export * from '../modules/library/tags.service.ts';"],
    ['only routes and schemas know HTTP', service, "import { versionTag } from '../../http/etag.ts';"],
    ['keeps its repositories and tables', service, "import type { Job } from '../ingestion/ingestion.table.ts';"],
    ['keeps its repositories and tables', topic, "import {\n  a,\n  b,\n} from '../search/search.repository.ts';"],
    ['routes do not touch rows', routes, "import { x } from './tags.repository.ts';"],
    ['neither Hono nor Drizzle', service, "import { sql } from 'drizzle-orm';"],
    ['neither Hono nor Drizzle', 'src/modules/library/library.jobs.ts', "import { z } from '@hono/zod-openapi';"],
    ['SQL is written in', topic, "import { text } from 'drizzle-orm/sqlite-core';"],
    ['Hono is used by', 'src/platform/http.ts', "import { Hono } from 'hono';"],
    ['opened by services.ts only', 'src/jobs/sweep.ts', 'const rows = await env.DB.prepare(text).run();'],
    ['only the logger', topic, "console.error('x');"],
    ['exports have names', topic, 'export default {};'],
    ['no `any`', topic, 'function f(x: any) {}'],
    ['no `any`', topic, 'const x = y as any;'],
    ['no `any`', topic, 'type X = Record<string, any>;'],
    ['no `as unknown as`', topic, 'const x = y as unknown as string;'],
    ['longer than 350 lines', topic, 'x;\n'.repeat(351)],
    ['the entry has at most', 'src/index.ts', 'x;\n'.repeat(40)],
    ['kebab-case', 'src/shared/fooBar.ts', ''],
    ['kebab-case', 'src/shared/utils.ts', ''],
  ])('%s: %s', (rule, file, text) => {
    const found = violations([{ path: file, text }]);
    expect(found.join('\n')).toContain(rule);
    expect(found.every((violation) => violation.startsWith(`${file}: `))).toBe(true);
  });

  it.each<[file: string, text: string]>([
    [
      routes,
      "import { json } from '../../http/openapi.ts';\nimport { presentJob } from '../ingestion/ingestion.presenter.ts';",
    ],
    [
      service,
      "import type { JobsService } from '../ingestion/ingestion.service.ts';\nimport { tags } from './library.table.ts';",
    ],
    [
      'src/modules/library/tags.repository.ts',
      "import { sql } from 'drizzle-orm';\nimport type { Database } from '../../db/client.ts';",
    ],
    ['src/modules/library/tags.presenter.ts', "import type { z } from '@hono/zod-openapi';"],
    ['src/db/schema.ts', "export * from '../modules/library/library.table.ts';"],
    ['src/platform/logger.ts', 'console.log(line);'],
    ['src/index.ts', "import { createApp } from './app.ts';\nexport default {};"],
    [
      topic,
      "// any: console.log, export default\n/** @param x: any */\nconst any = ['any', 'as well'];\nconst url = 'https://x';",
    ],
    [topic, 'x;\n'.repeat(350)],
  ])('let be what is right in %s', (file, text) => {
    expect(violations([{ path: file, text }])).toEqual([]);
  });
});
