import { Column, type DriverValueDecoder, SQL } from 'drizzle-orm';
import type { SelectedFieldsOrdered } from 'drizzle-orm/sqlite-core';

type Decoder = DriverValueDecoder<unknown, unknown>;
type FlatField = { name: string; decoder: Decoder };

/**
 * Maps rows whose fields do not lie within others, as Drizzle does it, which spends more time on finding out what each
 * field is than the database on reading the row.
 * @returns undefined where the fields are nested, or something that only Drizzle knows how to read.
 */
export function flatRowMapper(
  fields: SelectedFieldsOrdered,
): ((rows: readonly unknown[][]) => Record<string, unknown>[]) | undefined {
  const flat: FlatField[] = [];
  for (const { path, field } of fields) {
    const [name, ...deeper] = path;
    const decoder = decoderOf(field);
    if (name === undefined || deeper.length > 0 || decoder === undefined) return undefined;
    flat.push({ name, decoder });
  }
  const mapRow = (row: unknown[]): Record<string, unknown> => {
    const result: Record<string, unknown> = {};
    for (let index = 0; index < flat.length; index++) {
      const field = flat[index];
      const value = row[index];
      if (field) result[field.name] = value === null ? null : field.decoder.mapFromDriverValue(value);
    }
    return result;
  };
  return (rows) => rows.map(mapRow);
}

function decoderOf(field: unknown): Decoder | undefined {
  if (field instanceof Column) return field;
  if (field instanceof SQL) return decoderWithin(field);
  return field instanceof SQL.Aliased ? decoderWithin(field.sql) : undefined;
}

/** Drizzle keeps it to itself. */
function decoderWithin(sql: SQL): Decoder | undefined {
  return 'decoder' in sql && isDecoder(sql.decoder) ? sql.decoder : undefined;
}

const isDecoder = (value: unknown): value is Decoder =>
  typeof value === 'object' && value !== null && 'mapFromDriverValue' in value;
