// How one value is matched in SQL: text without case, wildcards, numbers, days and moments. Every value becomes a parameter.
import type { Bound, Value } from './tree.ts';

export type Parameter = string | readonly string[];

/** Collects parameters; `$n` continues after those the caller has. */
export interface Parameters {
  readonly values: Parameter[];
  add(value: Parameter): string;
}

export function parameters(offset: number): Parameters {
  const values: Parameter[] = [];
  return {
    values,
    add(value) {
      values.push(value);
      return `$${offset + values.length}`;
    },
  };
}

const number = /^[+-]?\d{1,30}(\.\d{1,30})?$/;
const day = /^\d{4}-\d\d-\d\d$/;
const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?$/i;
const relative = /^now(?:-(\d{1,6})([smhdw]))?$/i;
const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const dayMs = unitMs.d;

/** Whether what the value means depends on the time of asking. */
export function isRelative(value: Value): boolean {
  if (value.kind === 'any') return false;
  const texts = value.kind === 'text' ? [value] : [value.from, value.to];
  return texts.some((part) => part !== null && relative.test(part.text));
}

/** A condition on a text expression of SQL. */
export function matchText(expression: string, value: Value, out: Parameters): string {
  if (value.kind === 'any') return `${expression} is not null`;
  if (value.kind === 'range') return ranged(value, (bound, operator) => `${expression} ${operator} ${out.add(bound)}`);
  return value.like === null
    ? `lower(${expression}) = lower(${out.add(value.text)})`
    : `lower(${expression}) like lower(${out.add(value.like)})`;
}

/** The same where the text is known here. Ranges are the database's matter: null. */
export function matchesHere(text: string, value: Value): boolean | null {
  if (value.kind === 'any') return true;
  if (value.kind === 'range') return null;
  return value.like === null ? text.toLowerCase() === value.text.toLowerCase() : likeToRegex(value.like).test(text);
}

function likeToRegex(like: string): RegExp {
  const source = like.replaceAll(/\\.|%|_|[\^$.*+?()[\]{}|/-]/gs, (part) => {
    if (part === '%') return '.*';
    if (part === '_') return '.';
    return part.startsWith('\\') ? `\\u{${(part.codePointAt(1) ?? 0).toString(16)}}` : `\\u{${(part.codePointAt(0) ?? 0).toString(16)}}`;
  });
  return new RegExp(`^${source}$`, 'isu');
}

/** What every text that meets the pattern begins with; '' where it may begin with anything. */
export function beginning(like: string): string {
  const [fixed = ''] = /^(?:\\.|[^%_\\])*/su.exec(like) ?? [];
  return fixed.replaceAll(/\\(.)/gsu, '$1');
}

/** A condition on a timestamp: a day, a moment, `now-7d`, or a range of those. null when the value is none of them. */
export function matchTime(expression: string, value: Value, now: Date, out: Parameters): string | null {
  if (value.kind === 'any') return 'true';
  const span = value.kind === 'text' ? (value.like === null ? spanOf(value.text, now) : null) : rangeSpan(value, now);
  if (span === null) return null;
  const parts: string[] = [];
  if (span.from !== null) parts.push(`${expression} >= ${out.add(iso(span.from))}::timestamptz`);
  if (span.before !== null) parts.push(`${expression} < ${out.add(iso(span.before))}::timestamptz`);
  return parts.join(' and ');
}

/** A condition on a scalar jsonb value of SQL. */
export function matchJson(expression: string, value: Value, now: Date, out: Parameters): string {
  const text = `(${expression} #>> '{}')`;
  const scalar = `jsonb_typeof(${expression}) not in ('object', 'array', 'null')`;
  if (value.kind === 'any') return `jsonb_typeof(${expression}) <> 'null'`;
  if (value.kind === 'text') return `${scalar} and ${matchText(text, value, out)}`;
  const bounds = [value.from, value.to].filter((bound) => bound !== null);
  if (bounds.every((bound) => number.test(bound.text))) {
    // A case, because the order of a conjunction is the planner's and a cast of text would fail.
    const compared = ranged(value, (bound, operator) => `${text}::numeric ${operator} ${out.add(bound)}::numeric`);
    return `case when jsonb_typeof(${expression}) = 'number' then ${compared} else false end`;
  }
  const span = rangeSpan(value, now);
  if (span !== null) {
    // ISO-8601 times in UTC sort as text; fractions of a second come after the full second.
    const parts = [`jsonb_typeof(${expression}) = 'string'`, `${text} ~ '^\\d{4}-\\d\\d-\\d\\d'`];
    if (span.from !== null) parts.push(`${text} collate "C" >= ${out.add(isoSecond(span.from))}`);
    if (span.before !== null) parts.push(`${text} collate "C" < ${out.add(isoSecond(span.before))}`);
    return parts.join(' and ');
  }
  return `${scalar} and ${ranged(value, (bound, operator) => `lower(${text}) collate "C" ${operator} lower(${out.add(bound)})`)}`;
}

/** One end at least is there: `[* TO *]` is any value. */
function ranged(value: Value & { kind: 'range' }, compare: (bound: string, operator: string) => string): string {
  const parts: string[] = [];
  if (value.from !== null) parts.push(compare(value.from.text, value.from.inclusive ? '>=' : '>'));
  if (value.to !== null) parts.push(compare(value.to.text, value.to.inclusive ? '<=' : '<'));
  return parts.join(' and ');
}

/** Milliseconds; half open. */
interface Span {
  readonly from: number | null;
  readonly before: number | null;
}

/** A day from its begin to its end, a moment for the second or minute it names. */
function spanOf(text: string, now: Date): Span | null {
  const ago = relative.exec(text);
  if (ago !== null) {
    const unit = (ago[2] ?? 's').toLowerCase();
    const at = now.getTime() - Number(ago[1] ?? 0) * (isUnit(unit) ? unitMs[unit] : 0);
    return { from: at, before: at + 1 };
  }
  if (!day.test(text) && !moment.test(text)) return null;
  const zoned = day.test(text) || /(Z|[+-]\d\d:\d\d)$/i.test(text) ? text : `${text}Z`;
  const from = Date.parse(zoned.toUpperCase());
  if (Number.isNaN(from)) return null;
  const lengthMs = day.test(text) ? dayMs : /T\d\d:\d\d(Z|[+-]|$)/i.test(text) ? 60_000 : text.includes('.') ? 1 : 1_000;
  return { from, before: from + lengthMs };
}

/** The begin of what the text names: a day, a moment or `now-7d`; null when it is none of them. */
export function momentOf(text: string, now: Date): Date | null {
  const span = spanOf(text, now);
  return span === null || span.from === null ? null : new Date(span.from);
}

function rangeSpan(value: Value & { kind: 'range' }, now: Date): Span | null {
  const edge = (bound: Bound | null, begins: boolean): number | null | undefined => {
    if (bound === null) return null;
    const span = spanOf(bound.text, now);
    if (span === null) return undefined;
    return begins === bound.inclusive ? span.from : span.before;
  };
  const from = edge(value.from, true);
  const before = edge(value.to, false);
  return from === undefined || before === undefined ? null : { from, before };
}

function isUnit(unit: string): unit is keyof typeof unitMs {
  return Object.hasOwn(unitMs, unit);
}

function iso(timeMs: number): string {
  return new Date(Math.min(Math.max(timeMs, -62_135_596_800_000), 253_402_300_799_999)).toISOString();
}

function isoSecond(timeMs: number): string {
  return iso(timeMs).slice(0, 19);
}
