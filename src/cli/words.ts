// How times and durations read in tables and dry runs (decision 17). JSON never uses these.
import { DateTime } from 'luxon';

/** An instant in the profile's zone, e.g. `2026-05-05 18:39:00 +05:30`; empty for null. */
export function timeIn(zone: string, iso: string | null): string {
  return iso === null ? '' : DateTime.fromISO(iso, { zone }).toFormat('yyyy-MM-dd HH:mm:ss ZZ');
}

/** `3 h 12 min`, `4 min 5 s`, `12 s`: the two largest units. */
export function durationText(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
