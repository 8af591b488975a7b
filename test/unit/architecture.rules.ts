import path from 'node:path';

/** A file of `src`: its path from the root of the project, and its text. */
export type Source = { path: string; text: string };

type Import = { /** Path of a file, or name of a package. */ target: string; isPackage: boolean };
type Read = Source & { code: string; imports: Import[] };
type Rule = { rule: string; files: RegExp; except?: RegExp; finds: (source: Read) => string[] };

/** Who may import whom, in one direction. A layer is a folder or a file of `src`; every layer may import itself. */
const MAY_IMPORT: Record<string, string[]> = {
  index: ['app', 'services', 'jobs', 'index-object', 'limit-objects', 'env'],
  app: ['http', 'modules', 'services', 'config', 'shared'],
  jobs: ['services', 'modules', 'platform', 'db', 'shared'],
  services: ['runtime', 'modules', 'platform', 'db', 'index-object', 'limit-objects', 'config', 'env', 'shared'],
  runtime: ['modules', 'platform', 'db', 'index-object', 'limit-objects', 'config', 'env', 'shared'],
  http: ['services', 'platform', 'db', 'limit-objects', 'config', 'env', 'shared'],
  modules: ['http', 'platform', 'db', 'index-object', 'limit-objects', 'config', 'shared'],
  platform: ['index-object', 'shared'],
  db: ['shared'],
  'index-object': ['env', 'shared'],
  'limit-objects': ['env', 'shared'],
  env: ['platform', 'index-object', 'limit-objects'],
  config: [],
  shared: [],
};

const EVERYWHERE = /./;
const MODULES = /^src\/modules\//;
const HONO = /^(hono|@hono\/.+)(\/|$)/;
const DRIZZLE = /^drizzle-orm(\/|$)/;
const ROWS = /\.(repository|table)\.ts$/;
const MAX_LINES = 350;
const MAX_INDEX_LINES = 39;

/** Each rule finds what breaks it in one file. */
const RULES: Rule[] = [
  {
    rule: 'imports go one way, from the doors inwards',
    files: EVERYWHERE,
    except: /^src\/db\/schema\.ts$/,
    finds: ({ path: file, imports }) => {
      const allowed = [layerOf(file), ...(MAY_IMPORT[layerOf(file)] ?? [])];
      return targets(imports, (target) => !target.isPackage && !allowed.includes(layerOf(target.target)));
    },
  },
  {
    rule: 'the schema barrel imports tables only',
    files: /^src\/db\/schema\.ts$/,
    finds: ({ imports }) => targets(imports, ({ target }) => !/^src\/modules\/.+\.table\.ts$/.test(target)),
  },
  {
    rule: 'of a module, only routes and schemas know HTTP',
    files: MODULES,
    except: /\.(routes|schemas)\.ts$/,
    finds: ({ imports }) => targets(imports, ({ target }) => layerOf(target) === 'http'),
  },
  {
    rule: 'a module keeps its repositories and tables to itself',
    files: MODULES,
    finds: ({ path: file, imports }) =>
      targets(
        imports,
        ({ target }) => MODULES.test(target) && moduleOf(target) !== moduleOf(file) && ROWS.test(target),
      ),
  },
  {
    rule: 'routes do not touch rows',
    files: /\.routes\.ts$/,
    finds: ({ imports }) => targets(imports, ({ target }) => ROWS.test(target)),
  },
  {
    rule: 'services and jobs know neither Hono nor Drizzle',
    files: /\.(service|jobs)\.ts$/,
    finds: ({ imports }) => targets(imports, ({ target }) => HONO.test(target) || DRIZZLE.test(target)),
  },
  {
    rule: 'SQL is written in src/db, repositories and tables only',
    files: EVERYWHERE,
    except: /^src\/db\/|\.(repository|table)\.ts$/,
    finds: ({ imports }) => targets(imports, ({ target }) => DRIZZLE.test(target)),
  },
  {
    rule: 'Hono is used by the app, http, routes, schemas and presenters only',
    files: EVERYWHERE,
    except: /^src\/(app\.ts|http\/)|\.(routes|schemas|presenter)\.ts$/,
    finds: ({ imports }) => targets(imports, ({ target }) => HONO.test(target)),
  },
  {
    rule: 'the database is opened by services.ts only',
    files: EVERYWHERE,
    except: /^src\/(services|env)\.ts$/,
    finds: ({ code }) => matches(code, /\benv\.DB\b/g),
  },
  {
    rule: 'only the logger writes to the console',
    files: EVERYWHERE,
    except: /^src\/platform\/logger\.ts$/,
    finds: ({ code }) => matches(code, /\bconsole\s*\./g),
  },
  {
    rule: 'exports have names',
    files: EVERYWHERE,
    except: /^src\/index\.ts$/,
    finds: ({ code }) => matches(code, /\bexport\s+default\b|\bas\s+default\b/g),
  },
  {
    rule: 'no `any`',
    files: EVERYWHERE,
    finds: ({ code }) =>
      matches(code, /(?:[:<|&,(]|=>|\b(?:as|extends|satisfies|keyof)\b)\s*any\b(?=\s*(?:[\])>;,=|&[{]|$))/gm),
  },
  {
    // Drizzle's generic tables, and the wrappers that Durable Objects put around types, cannot be said otherwise.
    rule: 'no `as unknown as` outside src/db and the index’s client',
    files: EVERYWHERE,
    except: /^src\/(db\/|index-object\/client\.ts$)/,
    finds: ({ code }) => matches(code, /\bas\s+unknown\s+as\b/g),
  },
  {
    rule: `no file is longer than ${MAX_LINES} lines`,
    files: EVERYWHERE,
    finds: ({ text }) => longerThan(text, MAX_LINES),
  },
  {
    rule: `the entry has at most ${MAX_INDEX_LINES} lines`,
    files: /^src\/index\.ts$/,
    finds: ({ text }) => longerThan(text, MAX_INDEX_LINES),
  },
  {
    rule: 'files are named in kebab-case with a role, and say what they hold',
    files: EVERYWHERE,
    finds: ({ path: file }) => {
      const name = path.posix.basename(file);
      const isNamed =
        /^[a-z\d]+(-[a-z\d]+)*(\.[a-z]+)?\.ts$/.test(name) && !/^(utils?|helpers?|common|misc)\.ts$/.test(name);
      return isNamed ? [] : [name];
    },
  },
];

/** What breaks a rule, as `file: rule: what`. */
export function violations(sources: readonly Source[]): string[] {
  const read = sources.map(readSource);
  return RULES.flatMap(({ rule, files, except, finds }) =>
    read
      .filter(({ path: file }) => files.test(file) && !except?.test(file))
      .flatMap((source) => finds(source).map((what) => `${source.path}: ${rule}: ${what}`)),
  );
}

const BLOCK_COMMENT = /\/\*[\s\S]*?\*\//g;
const LINE_COMMENT = /(^|\s)\/\/.*$/gm;
const IMPORT = /(?:\bfrom\s+|\bimport\s+|\bimport\s*\(\s*)(['"])([^'"\n]+)\1/g;

function readSource({ path: file, text }: Source): Read {
  const code = text.replace(BLOCK_COMMENT, '').replace(LINE_COMMENT, '$1');
  const imports = [...code.matchAll(IMPORT)].map((match) => {
    const target = match[2] ?? '';
    const isPackage = !target.startsWith('.');
    return { isPackage, target: isPackage ? target : path.posix.join(path.posix.dirname(file), target) };
  });
  return { path: file, text, code, imports };
}

/** `src/db/client.ts` → `db`, `src/app.ts` → `app`; packages are of no layer. */
function layerOf(file: string): string {
  return /^src\/([^/]+?)(\.ts)?(\/|$)/.exec(file)?.[1] ?? '';
}

const moduleOf = (file: string) => file.split('/')[2];

const targets = (imports: Import[], breaks: (target: Import) => boolean) =>
  imports.filter(breaks).map((target) => `imports ${target.target}`);

const matches = (code: string, pattern: RegExp) => [...code.matchAll(pattern)].map((match) => match[0].trim());

function longerThan(text: string, limit: number): string[] {
  const lines = text.trimEnd().split('\n').length;
  return lines > limit ? [`${lines} lines`] : [];
}
