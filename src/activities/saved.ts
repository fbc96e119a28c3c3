// The state that the entity keeps in its connection's row, written and read. What an earlier release wrote otherwise is left out.
import type { Json, JsonObject } from '../model.ts';
import type { Connection } from '../store/connection.ts';
import type { SettledState } from '../workflows/state.ts';
import type { LoadedConnection, Paused, SavedState } from './types.ts';

type Row = NonNullable<Connection['saved']>;

export function writeSaved(state: SavedState): Row {
  const { state: shown, since, lastError, paused, settled, profiles, current } = state;
  return { state: shown, since, paused: paused !== null, lastError, details: plainObject({ paused, settled, profiles, current }) };
}

export function readSaved(row: Row | null): LoadedConnection['saved'] {
  if (row === null) return null;
  const { state, since, lastError, details } = row;
  const paused = row.paused ? (readPaused(details['paused']) ?? { since, reason: null, skipped: {} }) : null;
  return { state, since, lastError, paused };
}

const settledStates: readonly SettledState[] = ['registered', 'scheduled', 'processed', 'errored', 'held'];

/** Where a profile stood when the state was saved; null when it was not saved. */
export function savedSettled(row: Row | null, profile: string): SettledState | null {
  const settled = partOf(row?.details['settled'], profile);
  return settledStates.find((state) => state === settled) ?? null;
}

/** When the profile's last complete full pull ended, as saved. */
export function savedLastFull(row: Row | null, profile: string): string | null {
  const profiles = row?.details['profiles'];
  const found = Array.isArray(profiles) ? profiles.find((candidate) => partOf(candidate, 'name') === profile) : undefined;
  const lastFull = partOf(found, 'lastFull');
  return typeof lastFull === 'string' ? lastFull : null;
}

/** Data as JSON has it: typed data has no index signature of its own. */
function plain(value: unknown): Json {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === 'object' && value !== null ? plainObject(value) : null;
}

function plainObject(value: object): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
}

function readPaused(raw: unknown): Paused | null {
  const since = partOf(raw, 'since');
  if (typeof since !== 'string') return null;
  const reason = partOf(raw, 'reason');
  const skipped = Object.entries(partOf(raw, 'skipped') ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return { since, reason: typeof reason === 'string' ? reason : null, skipped: Object.fromEntries(skipped) };
}

function partOf(raw: unknown, key: string): unknown {
  return typeof raw === 'object' && raw !== null ? Object.getOwnPropertyDescriptor(raw, key)?.value : undefined;
}
