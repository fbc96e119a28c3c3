// DATE: a point in time as Tidemark writes it, ISO-8601 in UTC. The same instant MUST always be the same text.
import type { Json } from '../model.ts';

const iso = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?$/;
const epoch = /^-?\d{1,15}(\.\d{1,9})?$/;
const dayMs = 86_400_000;
// The years 0001 to 9999: what ISO-8601 writes with four digits.
const first = Date.parse('0001-01-01T00:00:00Z');
const last = Date.parse('9999-12-31T23:59:59.999Z');

/** undefined for a value that is no date. */
export function instantOf(value: Json, unit: 'seconds' | 'milliseconds' | undefined): string | undefined {
  if (unit === undefined) return typeof value === 'string' ? ofText(value) : undefined;
  const count = typeof value === 'number' ? value : typeof value === 'string' && epoch.test(value) ? Number(value) : Number.NaN;
  const ms = Math.round(unit === 'seconds' ? count * 1000 : count);
  return ms >= first && ms <= last ? written(ms, new Date(ms).toISOString().slice(20, 23)) : undefined;
}

function ofText(text: string): string | undefined {
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = iso.exec(text) ?? [];
  if (year === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const date = new Date(0);
  // Not Date.UTC, which takes the year 24 for 1924.
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  // A day that the month does not have would have become one of the next.
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined;
  const offset = offsetMs(zone);
  if (offset === undefined) return undefined;
  const ms = date.setUTCHours(Number(hour), Number(minute), Number(second)) - offset;
  return ms >= first && ms <= last ? written(ms, fraction) : undefined;
}

function offsetMs(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(-2));
  const ms = (Number(zone.slice(1, 3)) * 60 + minutes) * 60_000;
  if (minutes > 59 || ms >= dayMs) return undefined;
  return zone.startsWith('-') ? -ms : ms;
}

/** Digits of the second are kept as they are: Microsoft sends seven, more than a Date holds. */
function written(ms: number, fraction: string): string {
  const digits = fraction.replace(/0+$/, '');
  return `${new Date(ms).toISOString().slice(0, 19)}${digits === '' ? '' : `.${digits}`}Z`;
}
