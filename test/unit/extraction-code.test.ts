import { describe, expect, it } from 'vitest';
import { bytesOf, extract } from './extraction.fixtures.ts';

const read = async (source: string, filename: string) => {
  const { kind, document } = await extract(bytesOf(source), filename);
  return { kind, document, symbols: document.blocks.flatMap(({ path }) => path?.join('.') ?? []) };
};

/** A small file of each language, and the symbols that it declares. */
const FILES: [filename: string, source: string, symbols: string[]][] = [
  [
    'a.ts',
    "import { b } from './b.ts';\n\n/** Adds. */\nexport async function add(\n  x: number,\n): Promise<number> {\n  return x;\n}\n\nexport type Pair = { a: string };\n\n@decorated()\nexport class Box<T> extends Base {\n  #size = 0;\n\n  /** Size. */\n  get size(): number {\n    return `\n#{this.#size}`;\n  }\n\n  delete(id: string) {\n    if (id) {\n      call(id);\n    }\n  }\n}\n\nconst LIMIT = 5;\nexport const makeBox = () => {\n  return new Box();\n};\n",
    ['add', 'Pair', 'Box', 'Box', 'Box.size', 'Box.delete', 'makeBox'],
  ],
  [
    'a.py',
    'import os\n\nclass Box:\n    """A box.\nNot indented.\n    """\n\n    def __init__(self,\n                 x):\n        self.x = x\n\n    @property\n    def size(self):\n        return 1\n\n# Adds.\n@cached\nasync def add(a, b):\n    try:\n        return a\n    except E:\n        pass\n\nif os:\n    def other(): return 1\n',
    ['Box', 'Box', 'Box.__init__', 'Box.size', 'add', 'other'],
  ],
  [
    'a.go',
    'package main\n\nimport "fmt"\n\ntype Box struct {\n\tSize int\n}\n\n// Len tells.\nfunc (b *Box) Len() int { return b.Size }\n\nfunc main() {\n\tfmt.Println(`\nraw`)\n}\n',
    ['Box', 'Box.Len', 'main'],
  ],
  [
    'a.rs',
    'use std::fmt;\n\n#[derive(Debug)]\npub struct Box<T> {\n    size: T,\n}\n\nimpl<T: Clone> fmt::Display for Box<T> {\n    fn fmt(&self) -> fmt::Result {\n        Ok(())\n    }\n}\n\npub(crate) async fn run() -> u8 {\n    1\n}\n',
    ['Box', 'Box', 'Box', 'Box.fmt', 'run'],
  ],
  [
    'A.java',
    'package a.b;\n\nimport java.util.*;\n\n/** A box. */\npublic final class Box implements Base {\n    private int size = 0;\n\n    public Box(int size) {\n        this.size = size;\n    }\n\n    @Override\n    public List<String> names(Map<String, Integer> m)\n            throws IOException {\n        return null;\n    }\n}\n',
    ['Box', 'Box', 'Box.Box', 'Box.names'],
  ],
  [
    'A.cs',
    'using System;\n\nnamespace Shop\n{\n    public class Box\n    {\n        public int Size { get; set; }\n\n        public async Task<int> Count(int a)\n        {\n            return a;\n        }\n    }\n}\n',
    ['Shop', 'Shop.Box', 'Shop.Box', 'Shop.Box.Count'],
  ],
  [
    'a.c',
    '#include <stdio.h>\n\nint prototype(int a);\n\nstatic const char *name(int a)\n{\n    switch (a) {\n    case 1:\n        return "a";\n    }\n#ifdef X\n    return "}";\n#endif\nout:\n    return 0;\n}\n\nstruct point {\n    int x;\n};\n\nint main(void) {\nreturn 0;\n}\n',
    ['name', 'point', 'point', 'main'],
  ],
  [
    'a.cpp',
    '#include <a>\n\nnamespace shop {\n\nclass Box {\n public:\n  Box();\n  int size() const { return size_; }\n};\n\nint Box::grow(int by) {\n  return by;\n}\n\n}\n',
    ['shop', 'shop.Box', 'shop.Box', 'shop.Box.size', 'shop.Box.grow'],
  ],
  [
    'a.php',
    '<?php\nnamespace A;\n\nclass Box\n{\n    private $a;\n\n    public static function make(array $a): self\n    {\n        return new self();\n    }\n}\n\nfunction help() {\n    return 1;\n}\n',
    ['Box', 'Box', 'Box.make', 'help'],
  ],
  [
    'a.rb',
    "require 'a'\n\nmodule Shop\n  class Box < Base\n    attr_reader :a\n\n    def self.make(a)\n      new(a)\n    rescue E\n      nil\n    end\n\n    def empty?\n      true\n    end\n  end\nend\n",
    ['Shop', 'Shop.Box', 'Shop.Box', 'Shop.Box.make', 'Shop.Box.empty?'],
  ],
  [
    'a.sh',
    '#!/bin/bash\nset -e\n\n# Helps.\nhelp() {\n  echo "}"\n}\n\nfunction run {\n  help\n}\n\nrun "$@"\n',
    ['help', 'run'],
  ],
  [
    'A.kt',
    'package a\n\ndata class Box(val a: Int) {\n    override fun toString(): String {\n        return "a"\n    }\n}\n\nfun String.shout() = uppercase()\n',
    ['Box', 'Box.toString', 'String.shout'],
  ],
  [
    'a.swift',
    'import UIKit\n\nfinal class Box: Base {\n    init(a: Int) {\n        self.a = a\n    }\n\n    private func grow(by: Int) -> Int {\n        return by\n    }\n}\n',
    ['Box', 'Box.init', 'Box.grow'],
  ],
  [
    'a.sql',
    '-- People.\nCREATE TABLE IF NOT EXISTS "people" (\n  id INTEGER,\n  note TEXT DEFAULT \';\'\n);\nINSERT INTO people VALUES (1);\nINSERT INTO people VALUES (2);\nCREATE OR REPLACE FUNCTION grow() RETURNS int AS $$\nBEGIN\n  UPDATE a SET b = 1;\n  RETURN 1;\nEND;\n$$ LANGUAGE plpgsql;\nCREATE TRIGGER t AFTER INSERT ON a BEGIN\n  DELETE FROM b;\nEND;\n',
    ['people', 'grow', 't'],
  ],
  [
    'a.css',
    'a { color: red; }\nb { color: blue; }\n@media (min-width: 600px) {\n  a {\n    color: green;\n  }\n}\n',
    ['@media (min-width: 600px)'],
  ],
];

describe('source code', () => {
  it.each(FILES)('%s is cut by symbol, and no line is lost', async (filename, source, symbols) => {
    const found = await read(source, filename);
    expect(found.kind).toBe('code');
    expect(found.symbols).toEqual(symbols);
    const words = (text: string) => text.replace(/\s+/g, ' ').trim();
    expect(words(found.document.blocks.map((block) => block.text).join('\n'))).toBe(words(source));
  });

  it('goes to its symbol with the comment above it', async () => {
    const { document } = await read(FILES[0]?.[1] ?? '', 'a.ts');
    expect(document.blocks[1]).toEqual({
      type: 'code',
      text: '/** Adds. */\nexport async function add(\n  x: number,\n): Promise<number> {\n  return x;\n}',
      path: ['add'],
    });
    expect(document.metadata).toMatchObject({ programmingLanguage: 'typescript', lines: 32, encoding: 'utf-8' });
  });

  it.each<[string, string, string]>([
    ['a script without a name that says so', '#!/usr/bin/env python3\nprint(1)\n', 'run'],
    [
      'PHP in a page',
      '<!doctype html>\n<html><body>\n<?php foreach ($a as $b) { echo $b; } ?>\n<p class="x">\n</body></html>',
      'a.php',
    ],
    [
      'a file without any name',
      'package main\n\nimport (\n\t"fmt"\n)\n\nfunc main() {\n\tfmt.Println("a")\n}\n\nfunc b() {\n}\n',
      'file',
    ],
    ['Windows line ends', 'def a():\r\n    return 1\r\n', 'a.py'],
  ])('%s is known', async (_name, source, filename) => {
    expect((await read(source, filename)).kind).toBe('code');
  });

  it.each<[string, string]>([
    [
      'a letter',
      'Dear Ada,\n\nI have written to you (twice) about the class of 1987, and you did not answer me.\nNow I write again.\n',
    ],
    ['a list', 'milk\nbread\neggs\nbutter\ncheese\napples\n'],
  ])('%s is none, though its name says so', async (_name, source) => {
    expect((await read(source, 'letter.c')).kind).toBe('text');
  });

  it.each<[string, string]>([
    ['functions that never end', 'function a() {\n'.repeat(20_000)],
    ['classes in classes', Array.from({ length: 5000 }, (_, i) => `${' '.repeat(i % 250)}class A${i} {`).join('\n')],
    ['brackets without end', `${'const a = [\n'.repeat(20_000)}`],
    ['one endless line', `function a(){${'b(c);'.repeat(200_000)}}`],
    [
      'ten thousand functions',
      Array.from({ length: 10_000 }, (_, i) => `function f${i}() {\n  return ${i};\n}\n`).join('\n'),
    ],
    ['modifiers without end', `${'public static '.repeat(5000)}\n`.repeat(40)],
    ['texts that never end', 'const a = `\n'.repeat(20_001)],
  ])('with %s is read soon', { timeout: 10_000 }, async (_name, source) => {
    const { document } = await read(source, 'a.ts');
    expect(document.blocks.length).toBeGreaterThan(0);
    expect(new Set(document.blocks.map(({ path }) => path?.join('.'))).size).toBeLessThanOrEqual(3001);
  });
});
