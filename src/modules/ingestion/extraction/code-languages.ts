/** How declarations look in a line of source code, without its indentation. */
export type DeclarationRule = {
  /** With the groups `name` and, where a declaration says to what it belongs, `owner`. */
  pattern: RegExp;
  /** Whether what it declares has members that are symbols of their own. */
  holdsMembers?: boolean;
  /** Values are symbols only when they take several lines. */
  needsLines?: boolean;
  /** Only within what holds members. */
  isMember?: boolean;
};

export type CodeLanguage = {
  name: string;
  extensions: string[];
  /** Words of a first line `#!/usr/bin/env …`. */
  interpreters?: string[];
  /** Statements end with a semicolon (SQL), rules with a brace (CSS); all others by indentation and closing lines. */
  form: 'blocks' | 'statements' | 'rules';
  rules: DeclarationRule[];
  /** What begins and ends a text of several lines, in which indentation means nothing. */
  longText?: RegExp;
};

const MODIFIERS =
  '(?:(?:export|default|declare|public|private|protected|internal|fileprivate|open|static|final|abstract|sealed|data|inner|partial|readonly|override|virtual|async|unsafe|const|inline|extern|companion|case|implicit|lazy|suspend|operator|synchronized|native|mutating|required|convenience|external|strictfp|template<[^>]*>|@\\w+)\\s+)*';

/** `shop`, `shop.Box`, `shop::Box`. */
const QUALIFIED = '[\\w$]+(?:(?:\\.|::)[\\w$]+)*';

const rule = (pattern: string, options: Omit<DeclarationRule, 'pattern'> = {}): DeclarationRule => ({
  pattern: new RegExp(`^${pattern}`),
  ...options,
});
const holder = (pattern: string): DeclarationRule => rule(pattern, { holdsMembers: true });
const member = (pattern: string): DeclarationRule => rule(pattern, { isMember: true });

const types = (words: string) => holder(`${MODIFIERS}(?:${words})\\s+(?:class\\s+|struct\\s+)?(?<name>${QUALIFIED})`);

const SCRIPT: DeclarationRule[] = [
  types('class|interface|enum|namespace|module'),
  rule(`${MODIFIERS}function\\s*\\*?\\s*(?<name>[\\w$]+)`),
  rule('(?:export\\s+)?(?:declare\\s+)?type\\s+(?<name>[\\w$]+)\\b[^=]*='),
  rule('(?:export\\s+)?(?:default\\s+)?(?:const|let|var)\\s+(?<name>[\\w$]+)\\s*(?::[^=]+)?=', { needsLines: true }),
  rule('(?:module\\.)?exports\\.(?<name>[\\w$]+)\\s*=', { needsLines: true }),
  rule('(?<owner>[\\w$]+)\\.prototype\\.(?<name>[\\w$]+)\\s*='),
  member(`${MODIFIERS}(?:(?:get|set|accessor)\\s+)?\\*?\\s*(?<name>#?[\\w$]+)\\s*(?:<[^>]*>)?\\s*\\(`),
  member(`${MODIFIERS}(?<name>#?[\\w$]+)\\s*(?::[^=]+)?=\\s*(?:async\\s*)?(?:\\(|[\\w$]+\\s*=>)`),
];

const TYPED_FUNCTION = `(?:[\\w<>\\[\\],.?&*:~@]+\\s+)+[*&]*(?:(?<owner>[\\w:]+)::)?(?<name>~?\\w+)\\s*\\(`;

const TYPED: DeclarationRule[] = [
  // `struct point *find(` is a function.
  holder(
    `${MODIFIERS}(?:class|interface|enum|record|struct|union|namespace|@interface|mixin|extension)\\s+(?:class\\s+|struct\\s+)?(?<name>${QUALIFIED})(?![\\w$]|\\s*\\*|\\s+\\w+\\s*\\()`,
  ),
  rule(TYPED_FUNCTION),
  rule('(?<owner>\\w+)::(?<name>~?\\w+)\\s*\\('),
  member('(?<name>~?[A-Z]\\w*)\\s*\\('),
];

/** Languages of the C family read alike. */
const typed = (name: string, extensions: string[]): CodeLanguage => ({
  name,
  extensions,
  form: 'blocks',
  rules: TYPED,
});

export const CODE_LANGUAGES: CodeLanguage[] = [
  {
    name: 'typescript',
    extensions: ['ts', 'tsx', 'mts', 'cts'],
    interpreters: ['deno', 'bun', 'tsx', 'ts-node'],
    form: 'blocks',
    rules: SCRIPT,
    longText: /`/g,
  },
  {
    name: 'javascript',
    extensions: ['js', 'jsx', 'mjs', 'cjs', 'vue', 'svelte', 'astro'],
    interpreters: ['node'],
    form: 'blocks',
    rules: SCRIPT,
    longText: /`/g,
  },
  {
    name: 'python',
    extensions: ['py', 'pyi', 'pyw', 'pyx', 'gd'],
    interpreters: ['python', 'python2', 'python3', 'uv'],
    form: 'blocks',
    rules: [holder('class\\s+(?<name>\\w+)'), rule('(?:async\\s+)?(?:def|func|cdef|cpdef)\\s+(?<name>\\w+)')],
    longText: /"""|'''/g,
  },
  {
    name: 'go',
    extensions: ['go'],
    form: 'blocks',
    rules: [
      rule('func\\s+\\(\\s*(?:\\w+\\s+)?\\*?(?<owner>\\w+)[^)]*\\)\\s*(?<name>\\w+)'),
      rule('func\\s+(?<name>\\w+)'),
      rule('type\\s+(?<name>\\w+)'),
    ],
    longText: /`/g,
  },
  {
    name: 'rust',
    extensions: ['rs'],
    form: 'blocks',
    rules: [
      rule(
        '(?:pub(?:\\([^)]*\\))?\\s+)?(?:(?:const|async|unsafe|default|extern(?:\\s+"[^"]*")?)\\s+)*fn\\s+(?<name>\\w+)',
      ),
      holder('(?:pub(?:\\([^)]*\\))?\\s+)?(?:unsafe\\s+)?(?:struct|enum|trait|union|mod)\\s+(?<name>\\w+)'),
      holder('(?:unsafe\\s+)?impl(?:<[^{]*?>)?\\s+(?:[^{]*?\\bfor\\s+)?(?:&|mut\\s)*(?<name>[\\w:]+)'),
      rule('macro_rules!\\s*(?<name>\\w+)'),
    ],
  },
  typed('java', ['java']),
  typed('csharp', ['cs']),
  typed('c', ['c', 'h', 'm']),
  typed('cpp', ['cc', 'cpp', 'cxx', 'hpp', 'hh', 'hxx', 'mm', 'ino', 'cu']),
  typed('dart', ['dart']),
  typed('groovy', ['groovy', 'gradle']),
  {
    name: 'kotlin',
    extensions: ['kt', 'kts'],
    form: 'blocks',
    rules: [
      types('class|interface|object|enum'),
      rule(`${MODIFIERS}fun\\s+(?:<[^>]*>\\s*)?(?:(?<owner>[\\w<>?]+)\\.)?(?<name>\\w+)`),
    ],
    longText: /"""/g,
  },
  {
    name: 'scala',
    extensions: ['scala', 'sc'],
    form: 'blocks',
    rules: [types('class|trait|object|enum'), rule(`${MODIFIERS}def\\s+(?<name>\\w+)`)],
    longText: /"""/g,
  },
  {
    name: 'swift',
    extensions: ['swift'],
    form: 'blocks',
    rules: [
      types('class|struct|enum|protocol|extension|actor'),
      rule(`${MODIFIERS}(?:func\\s+|(?=init\\b))(?<name>\\w+)`),
    ],
    longText: /"""/g,
  },
  {
    name: 'php',
    extensions: ['php', 'phtml', 'inc'],
    interpreters: ['php'],
    form: 'blocks',
    rules: [types('class|interface|trait|enum'), rule(`${MODIFIERS}function\\s+&?(?<name>\\w+)`)],
  },
  {
    name: 'ruby',
    extensions: ['rb', 'rake', 'gemspec'],
    interpreters: ['ruby'],
    form: 'blocks',
    rules: [holder('(?:class|module)\\s+(?<name>[\\w:]+)'), rule('def\\s+(?:self\\.)?(?<name>[\\w?!=]+)')],
  },
  {
    name: 'elixir',
    extensions: ['ex', 'exs'],
    interpreters: ['elixir'],
    form: 'blocks',
    rules: [
      holder('(?:defmodule|defprotocol|defimpl)\\s+(?<name>[\\w.]+)'),
      rule('(?:def|defp|defmacro)\\s+(?<name>[\\w?!]+)'),
    ],
    longText: /"""/g,
  },
  {
    name: 'shell',
    extensions: ['sh', 'bash', 'zsh', 'ksh', 'fish', 'bats'],
    interpreters: ['sh', 'bash', 'zsh', 'ksh', 'dash', 'fish'],
    form: 'blocks',
    rules: [rule('(?:function\\s+)?(?<name>[\\w:.-]+)\\s*\\(\\)'), rule('function\\s+(?<name>[\\w:.-]+)')],
  },
  {
    name: 'powershell',
    extensions: ['ps1', 'psm1'],
    interpreters: ['pwsh'],
    form: 'blocks',
    rules: [holder('class\\s+(?<name>\\w+)'), rule('(?:[Ff]unction|[Ff]ilter)\\s+(?<name>[\\w:-]+)')],
  },
  {
    name: 'perl',
    extensions: ['pl', 'pm'],
    interpreters: ['perl'],
    form: 'blocks',
    rules: [rule('sub\\s+(?<name>[\\w:]+)')],
  },
  {
    name: 'lua',
    extensions: ['lua'],
    interpreters: ['lua', 'luajit'],
    form: 'blocks',
    rules: [rule('(?:local\\s+)?function\\s+(?:(?<owner>\\w+)[.:])?(?<name>\\w+)')],
  },
  {
    name: 'r',
    extensions: ['r'],
    interpreters: ['Rscript'],
    form: 'blocks',
    rules: [rule('(?<name>[\\w.]+)\\s*(?:<-|=)\\s*function\\b')],
  },
  {
    name: 'julia',
    extensions: ['jl'],
    interpreters: ['julia'],
    form: 'blocks',
    rules: [
      holder('(?:module)\\s+(?<name>\\w+)'),
      rule('(?:function|macro|struct|mutable struct)\\s+(?<name>[\\w.!]+)'),
    ],
    longText: /"""/g,
  },
  {
    name: 'protobuf',
    extensions: ['proto', 'graphql', 'gql'],
    form: 'blocks',
    rules: [rule('(?:message|service|enum|type|input|interface|union|scalar)\\s+(?<name>\\w+)')],
  },
  {
    name: 'zig',
    extensions: ['zig', 'nim', 'v', 'odin'],
    form: 'blocks',
    rules: [rule('(?:pub\\s+|export\\s+|inline\\s+)*(?:fn|proc|func|method)\\s+(?<name>\\w+)')],
  },
  {
    name: 'terraform',
    extensions: ['tf', 'hcl'],
    form: 'blocks',
    rules: [rule('(?:resource|data|module|variable|output)\\s+(?<name>"[\\w"\\s-]+")')],
  },
  { name: 'sql', extensions: ['sql', 'psql', 'ddl', 'pls', 'pks', 'pkb'], form: 'statements', rules: [] },
  { name: 'css', extensions: ['css', 'scss', 'sass', 'less'], form: 'rules', rules: [] },
  {
    name: 'other',
    extensions: [
      'hs',
      'ml',
      'mli',
      'fs',
      'clj',
      'lisp',
      'el',
      'erl',
      'bat',
      'cmd',
      'asm',
      's',
      'f90',
      'f',
      'pas',
      'vb',
      'vbs',
      'tcl',
      'cmake',
      'mk',
      'd',
      'sol',
      'sv',
    ],
    interpreters: ['awk', 'sed', 'make', 'tclsh', 'osascript'],
    form: 'blocks',
    rules: [],
  },
];

const BY_EXTENSION = new Map(
  CODE_LANGUAGES.flatMap((language) => language.extensions.map((extension) => [extension, language])),
);
const WHOLE_NAMES: Record<string, string> = {
  makefile: 'mk',
  dockerfile: 'sh',
  rakefile: 'rb',
  gemfile: 'rb',
  jenkinsfile: 'groovy',
};

/** The language that a name says, if it says one. */
export function languageByName(filename: string): CodeLanguage | undefined {
  const base = (filename.split(/[/\\]/).at(-1) ?? '').toLowerCase();
  const extension = Object.hasOwn(WHOLE_NAMES, base) ? WHOLE_NAMES[base] : /\.([a-z\d]{1,8})$/.exec(base)?.[1];
  return BY_EXTENSION.get(extension ?? '');
}

/** Beginnings and lines that only one language has; of the latter it takes several. */
const MIN_SIGNS = 3;
const SIGNS: [name: string, sign: RegExp][] = [
  ['python', /^(?:\s*(?:def \w+\(.*\).*:|class \w+.*:|if __name__ == |from [\w.]+ import )|import \w+$)/gm],
  ['go', /^(?:package \w+|func (?:\(.*\) )?\w+\(.*\).*\{|import \(|type \w+ (?:struct|interface) \{)/gm],
  ['rust', /^\s*(?:pub )?(?:fn \w+.*[{(]|impl\b.*\{|use (?:std|crate|super)::|let mut |#\[derive)/gm],
  [
    'java',
    /^\s*(?:package [\w.]+;|import (?:java|javax|org|com)\.[\w.*]+;|public (?:static |final |abstract )*(?:class|interface|enum|void) )/gm,
  ],
  [
    'csharp',
    /^\s*(?:using System[\w.]*;|namespace [\w.]+\s*[{;]?$|public (?:static |sealed |partial )*(?:class|interface|record) )/gm,
  ],
  ['c', /^(?:#include\s*[<"]|#define \w+|#ifn?def \w+|(?:int|void|char|static|struct) .*\)\s*\{?$)/gm],
  [
    'typescript',
    /^\s*(?:import .* from ['"]|export (?:const|default|function|class|type|interface) |(?:const|let) \w+ = .*[;{(]$|function \w+\(.*\) \{)/gm,
  ],
  [
    'sql',
    /^\s*(?:CREATE (?:TABLE|VIEW|INDEX|UNIQUE|OR|FUNCTION)|INSERT INTO|ALTER TABLE|DROP TABLE|SELECT .* FROM )/gim,
  ],
  ['css', /^(?:[.#@:*]?[\w-][^{}\n;]*\{|\s+[a-z-]+:\s[^;{}\n]+;)$/gm],
];

/** The language that the content shows: by its first line, or by lines that only it has. */
export function languageByContent(text: string): CodeLanguage | undefined {
  const named = (name: string) => CODE_LANGUAGES.find((language) => language.name === name);
  if (/^<\?php\b/.test(text)) return named('php');
  const interpreter = /^#!\s*\S*?(?:\/env\s+(?:-S\s+)?)?([\w.+-]+)(?:\s|$)/
    .exec(text.slice(0, 200))?.[1]
    ?.replace(/[\d.]+$/, '');
  const run = CODE_LANGUAGES.find(
    (language) => interpreter !== undefined && language.interpreters?.includes(interpreter),
  );
  if (run !== undefined) return run;
  const counts = SIGNS.map(([name, sign]) => ({ name, count: text.match(sign)?.length ?? 0 }));
  const most = counts.reduce((a, b) => (b.count > a.count ? b : a));
  return most.count >= MIN_SIGNS ? named(most.name) : undefined;
}
