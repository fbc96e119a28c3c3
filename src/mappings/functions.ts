// The functions of a transform map: from what a row's sources hold to its value. None of them depends on the place or the time of day.
import type { Json } from '../model.ts';
import { instantOf } from './instant.ts';
import type { MapFunction } from './map.ts';
import { patternOf } from './pattern.ts';
import type { Read } from './read.ts';

/** What becomes of a value that a function cannot take: it throws, or leaves the value out. */
export type Refuse = () => undefined;
/** From the readers of the row's sources, in their order, to the reader of its value. */
export type Combine = (reads: readonly Read[]) => Read;

/** @throws CONFIG_INVALID for a pattern that cannot be used. */
export function combineBy(fn: MapFunction | undefined, refuse: Refuse): Combine {
  if (fn === undefined) return firstOf;
  if (fn.name === 'CONSTANT') {
    const constant = fn.value ?? undefined;
    return () => () => constant;
  }
  if (fn.name === 'CONCAT') return concat(fn.parts, refuse);
  if (fn.name === 'LOOKUP') {
    const find = lookup(fn);
    return (reads) => {
      const read = firstOf(reads);
      return (from) => find(read(from));
    };
  }
  const convert = conversion(fn, refuse);
  return (reads) => {
    const read = firstOf(reads);
    return (from) => {
      const value = read(from);
      return value === undefined ? undefined : convert(value);
    };
  };
}

/** The first source that has a value. */
function firstOf(reads: readonly Read[]): Read {
  const [first = () => undefined, second] = reads;
  if (second === undefined) return first;
  return (from) => {
    for (const read of reads) {
      const value = read(from);
      if (value !== undefined) return value;
    }
    return undefined;
  };
}

function concat(parts: Extract<MapFunction, { name: 'CONCAT' }>['parts'], refuse: Refuse): Combine {
  return (reads) => (from) => {
    let text = '';
    let next = 0;
    for (const part of parts) {
      if (typeof part === 'string') {
        text += part;
        continue;
      }
      const value = reads[next]?.(from);
      next += 1;
      if (value === undefined) return undefined;
      const written = stringOf(value);
      if (written === undefined) return refuse();
      text += written;
    }
    return text;
  };
}

/** `otherwise` is given also where the source has nothing. */
function lookup({ table, otherwise }: Extract<MapFunction, { name: 'LOOKUP' }>): (value: Json | undefined) => Json | undefined {
  const entries = new Map(Object.entries(table));
  const missing = otherwise ?? undefined;
  return (value) => (value === undefined || typeof value === 'object' ? missing : (entries.get(String(value)) ?? missing));
}

type Conversion = Exclude<MapFunction, { name: 'CONSTANT' | 'LOOKUP' | 'CONCAT' }>;

function conversion(fn: Conversion, refuse: Refuse): (value: Json) => Json | undefined {
  switch (fn.name) {
    case 'LOWER':
      return (value) => (typeof value === 'string' ? value.toLowerCase() : refuse());
    case 'UPPER':
      return (value) => (typeof value === 'string' ? value.toUpperCase() : refuse());
    case 'STRING':
      return (value) => stringOf(value) ?? refuse();
    case 'NUMBER':
      return (value) => numberOf(value) ?? refuse();
    case 'BOOLEAN':
      return (value) => booleanOf(value) ?? refuse();
    case 'DATE':
      return (value) => instantOf(value, fn.unit) ?? refuse();
    case 'REGEX': {
      const pattern = patternOf(fn);
      return (value) => (typeof value === 'string' && pattern.fits(value) ? pattern.find(value) : refuse());
    }
  }
}

function stringOf(value: Json): string | undefined {
  return typeof value === 'object' ? undefined : String(value);
}

/** Of decimal text; a whole number that a number here cannot hold exactly is none. */
function numberOf(value: Json): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || !/^-?(0|[1-9]\d{0,15})(\.\d{1,17})?$/.test(value)) return undefined;
  const number = Number(value);
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? undefined : number;
}

/** Some of Microsoft's answers write true and false as text, in any case. */
function booleanOf(value: Json): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string' || !/^(true|false)$/i.test(value)) return undefined;
  return value.toLowerCase() === 'true';
}
