// How columns become values: numbers, ISO-8601 UTC times, JSON, and text as it was before text.ts escaped it.
import pg from 'pg';
import { unescapeJson, unescapeText } from './text.ts';

const { builtins } = pg.types;

const parseJson = (text: string): unknown => {
  const value: unknown = JSON.parse(unescapeJson(text));
  return value;
};

const parsers: Readonly<Record<number, (value: string) => unknown>> = {
  // Numbers of runs, records and bytes stay far below 2^53.
  [builtins.INT4]: Number,
  [builtins.INT8]: Number,
  [builtins.BOOL]: (value) => value === 't',
  [builtins.NUMERIC]: Number,
  [builtins.TIMESTAMPTZ]: (value) => new Date(value).toISOString(),
  [builtins.TEXT]: unescapeText,
  [builtins.JSON]: parseJson,
  [builtins.JSONB]: parseJson,
};

/** The parser that pg uses for a column of this type. */
export function parserOf(oid: number): (value: string) => unknown {
  return parsers[oid] ?? ((value) => value);
}
