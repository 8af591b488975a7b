import { describe, expect, it } from 'vitest';
import { curlOf } from '../../scripts/fuzz/curl.ts';
import { readDescription } from '../../scripts/fuzz/description.ts';
import { createDice } from '../../scripts/fuzz/dice.ts';
import { faultsOf, type JsonSchema, jsonSchema, resolveSchema } from '../../scripts/fuzz/json-schema.ts';
import { shrink } from '../../scripts/fuzz/shrink.ts';
import { boundaryValues, validValue } from '../../scripts/fuzz/values.ts';
import type { WireRequest } from '../../scripts/fuzz/wire.ts';

const named = {
  Tag: {
    type: 'object',
    properties: { id: { type: 'string', format: 'uuid' }, name: { type: 'string', minLength: 1, maxLength: 5 } },
    required: ['id', 'name'],
  },
};
const ID = '0199c0de-0000-7000-8000-000000000000';

describe('the judge of values', () => {
  it.each<[schema: JsonSchema, good: unknown[], bad: unknown[]]>([
    [{ type: 'string' }, ['', 'x'], [null, 1, [], {}]],
    [{ type: ['string', 'null'], maxLength: 2 }, [null, 'xx'], ['xxx', 0]],
    [{ type: 'string', pattern: '^\\p{L}+$' }, ['é'], ['1', '']],
    [{ type: 'string', format: 'uuid' }, [ID], ['x', `${ID} `]],
    [
      { type: 'string', format: 'date-time' },
      ['2026-11-22T09:30:00.000Z', '2026-11-22T09:30:00+01:00'],
      ['2026-11-22'],
    ],
    [{ type: 'integer', minimum: 1, maximum: 3 }, [1, 3], [0, 4, 1.5, '1']],
    [{ type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 }, [0.5], [0, 1]],
    [{ enum: ['a', null] }, ['a', null], ['b', undefined]],
    [{ const: 'ok' }, ['ok'], ['no']],
    [
      { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 2 },
      [[1], [1, 2]],
      [[], [1, 2, 3], ['1'], {}],
    ],
    [{ type: 'array', prefixItems: [{ type: 'integer' }, { type: 'string' }] }, [[1, 'a']], [['a', 1]]],
    [{ $ref: '#/components/schemas/Tag' }, [{ id: ID, name: 'a' }], [{ id: ID }, { id: ID, name: '' }, 'Tag']],
    [
      {
        allOf: [
          { $ref: '#/components/schemas/Tag' },
          { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
        ],
      },
      [{ id: ID, name: 'a', n: 1 }],
      [{ id: ID, name: 'a' }, { n: 1 }, { id: ID, name: 'a', n: 1, secret: 'x' }],
    ],
    [
      { anyOf: [{ type: 'integer' }, { type: 'object', properties: { a: { type: 'integer' } } }] },
      [1, { a: 1 }],
      ['1', { a: '1' }],
    ],
    [
      { type: 'object', properties: { a: { type: 'string' } } },
      [{}, { a: '' }],
      [{ a: 1 }, { b: '' }, JSON.parse('{"__proto__":1}')],
    ],
    [{ type: 'object', properties: {}, additionalProperties: { type: 'integer' } }, [{ x: 1 }], [{ x: '1' }]],
    [{ type: 'object', additionalProperties: {} }, [{ anything: [1] }], [[], null]],
  ])('takes what fits %j and nothing else', (schema, good, bad) => {
    for (const value of good) expect(faultsOf(schema, value, { named }), JSON.stringify(value)).toEqual([]);
    for (const value of bad) expect(faultsOf(schema, value, { named }), JSON.stringify(value)).not.toEqual([]);
  });

  it('says where the fault is', () => {
    const page = {
      type: 'object',
      properties: { items: { type: 'array', items: { $ref: '#/components/schemas/Tag' } } },
    };
    expect(faultsOf(page, { items: [{ id: ID, name: 'a', owner: 'x' }] }, { named })).toEqual([
      '$.items[0].owner: is not declared',
    ]);
  });

  it('refuses a schema that it does not understand', () => {
    expect(jsonSchema.safeParse({ type: 'object', patternProperties: {} }).success).toBe(false);
    expect(() => resolveSchema({ $ref: '#/components/schemas/Missing' }, named)).toThrow(/Missing/);
    expect(() => readDescription({ paths: {}, components: { schemas: { X: { not: {} } } } })).toThrow();
  });
});

describe('the maker of values', () => {
  const schema: JsonSchema = {
    type: 'object',
    properties: {
      id: { type: 'string', format: 'uuid' },
      email: { type: 'string', format: 'email' },
      when: { type: 'string', format: 'date-time' },
      colour: { type: 'string', pattern: '^#[\\da-f]{6}$', example: '#3366cc' },
      short: { type: 'string', minLength: 2, maxLength: 3 },
      limit: { type: 'integer', minimum: 1, maximum: 200 },
      weight: { type: 'number', exclusiveMinimum: 0, maximum: 10 },
      tags: { type: 'array', items: { $ref: '#/components/schemas/Tag' }, minItems: 1, maxItems: 4 },
      kind: { anyOf: [{ enum: ['a', 'b'] }, { type: 'null' }] },
    },
    required: ['id', 'email', 'when', 'colour', 'short', 'limit', 'weight', 'tags', 'kind'],
  };
  const making = (seed: number) => ({ dice: createDice(seed, 'test'), named, known: () => undefined });

  it('makes what the schema allows, the same for the same seed', () => {
    for (let seed = 0; seed < 300; seed++) {
      const value = validValue(schema, making(seed));
      expect(faultsOf(schema, value, { named }), JSON.stringify(value)).toEqual([]);
      expect(validValue(schema, making(seed))).toEqual(value);
    }
    expect(validValue(schema, making(1))).not.toEqual(validValue(schema, making(2)));
  });

  it('goes to the edges and beyond them', () => {
    expect(boundaryValues({ type: 'integer', minimum: 1, maximum: 200 }, making(1))).toEqual(
      expect.arrayContaining([0, 1, 200, 201, 1.5]),
    );
    const texts = boundaryValues({ type: 'string', minLength: 1, maxLength: 5 }, making(1)).map(
      (text) => String(text).length,
    );
    expect(texts).toEqual(expect.arrayContaining([0, 1, 5, 6]));
    const lists = boundaryValues({ type: 'array', maxItems: 50, items: { type: 'string' } }, making(1));
    expect(lists.map((list) => (Array.isArray(list) ? list.length : -1))).toEqual(expect.arrayContaining([0, 50, 51]));
  });
});

describe('a request that has shown a fault', () => {
  const wire: WireRequest = {
    method: 'POST',
    target: '/v1/tags?a=1&bad=1&c=2',
    headers: [
      ['authorization', `Bearer cpa_${'A'.repeat(43)}`],
      ['accept', 'x'],
      ['content-type', 'application/json'],
    ],
    body: Buffer.from(JSON.stringify({ name: `'${'x'.repeat(600)}`, colour: '#fff', icon: null })),
  };

  it('is made as small as it can be', async () => {
    const isBad = async ({ target, body, headers }: WireRequest) =>
      target.includes('bad') && headers.length > 0 && /"name":"'/.test(body?.toString() ?? '');
    const smallest = await shrink(wire, isBad);
    expect(smallest.target).toBe('/v1/tags?bad=1');
    expect(smallest.headers.map(([name]) => name)).toEqual(['authorization']);
    expect(smallest.body?.length).toBeLessThan(30);
  });

  it('is shown as a command, without the credential', () => {
    expect(curlOf('http://x', { ...wire, body: Buffer.from(`{"name":"it's"}`) })).toBe(
      `curl -sS -i --path-as-is -X POST 'http://x/v1/tags?a=1&bad=1&c=2' -H "authorization: Bearer $TOKEN" -H 'accept: x' ` +
        `-H 'content-type: application/json' --data-binary '{"name":"it'\\''s"}'`,
    );
    const long = curlOf('http://x', { ...wire, body: Buffer.from(JSON.stringify({ q: 'x'.repeat(90_000) })) });
    expect(long).toMatch(/^node -e '.*"x"\.repeat\(90000\).*' \| curl .* --data-binary @-$/);
    expect(curlOf('http://x', { ...wire, body: Buffer.from([0xff, 0]) })).toContain('/wA=');
  });
});
