// Checks of payloads that come from operators' hands. Pure and synchronous: validators of updates call them.
// MUST throw ApplicationFailure only; what else a validator throws would fail the Workflow Task for good.
import { ApplicationFailure } from '@temporalio/workflow';
import type {
  CancelInput,
  ConnectionInput,
  FulfilInput,
  PauseInput,
  ProfileInput,
  PullDueInput,
  RemovalsInput,
  StopInput,
  TestInput,
} from './messages.ts';

type Fields = Readonly<Record<string, unknown>>;

const longestText = 200;
const longestPath = 1_024;
const digestPattern = /^[0-9a-f]{64}$/;
const namePattern = /^[A-Za-z0-9.-]{1,64}$/;
/** What `Date.parse` takes is wider than ISO-8601, and differs between engines. */
const instantPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/;

export function checkConnectionInput(raw: unknown): ConnectionInput {
  const fields = fieldsOf(raw, ['name', 'carried']);
  return { name: nameOf(fields, 'name') };
}

/** The activity reads the connection itself: here only that it is an object. */
export function checkTestInput(raw: unknown): TestInput {
  const fields = fieldsOf(raw, ['name', 'spec']);
  const { spec } = fields;
  if (spec === undefined) return { name: nameOf(fields, 'name') };
  if (!isObject(spec)) throw refused('"spec" must be a connection');
  return { name: nameOf(fields, 'name'), spec };
}

/** Of the workflow `fulfil`. */
export function checkFulfilInput(raw: unknown): FulfilInput {
  const { path, file, by, ...fields } = fieldsOf(raw, ['connection', 'path', 'file', 'by']);
  const connection = nameOf(fields, 'connection');
  if (path === undefined && file === undefined) throw refused('it takes "path", or "file" that the ledger has');
  if (by !== undefined && (typeof by !== 'string' || by.length > longestText))
    throw refused(`"by" must be text of at most ${longestText} characters`);
  if (path !== undefined && (typeof path !== 'string' || path === '' || path.length > longestPath))
    throw refused(`"path" must be text of at most ${longestPath} characters`);
  if (file !== undefined && (typeof file !== 'string' || !digestPattern.test(file)))
    throw refused('"file" must be the digest of a file: 64 digits and letters a to f');
  return {
    connection,
    ...(path === undefined ? {} : { path }),
    ...(file === undefined ? {} : { file }),
    ...(by === undefined ? {} : { by }),
  };
}

export interface TickInput {
  readonly name: string;
  readonly profile: string;
}

export function checkTickInput(raw: unknown): TickInput {
  const fields = fieldsOf(raw, ['name', 'profile']);
  return { name: nameOf(fields, 'name'), profile: nameOf(fields, 'profile') };
}

/** Nothing at all means every active profile. */
export function checkProfileInput(raw: unknown): ProfileInput {
  const fields = fieldsOf(raw ?? {}, ['profile']);
  return fields['profile'] === undefined ? {} : { profile: nameOf(fields, 'profile') };
}

export function checkPauseInput(raw: unknown): PauseInput {
  const { reason } = fieldsOf(raw ?? {}, ['reason']);
  if (reason === undefined) return {};
  if (typeof reason !== 'string' || reason.length > longestText)
    throw refused(`"reason" must be text of at most ${longestText} characters`);
  return { reason };
}

/** Resume takes no argument; an empty object is let through, because clients send one. */
export function checkNothing(raw: unknown): void {
  fieldsOf(raw ?? {}, []);
}

export function checkCancelInput(raw: unknown): CancelInput {
  const { run } = fieldsOf(raw ?? {}, ['run']);
  if (run === undefined) return {};
  if (typeof run !== 'number' || !Number.isSafeInteger(run) || run < 1) throw refused('"run" must be the number of a run');
  return { run };
}

/** For approveRemovals and rejectRemovals. */
export function checkRemovalsInput(raw: unknown): RemovalsInput {
  const { digest, by } = fieldsOf(raw, ['digest', 'by']);
  if (typeof digest !== 'string' || !digestPattern.test(digest))
    throw refused('"digest" must be that of the held removals: 64 digits and letters a to f');
  if (by === undefined) return { digest };
  if (typeof by !== 'string' || by.length > longestText) throw refused(`"by" must be text of at most ${longestText} characters`);
  return { digest, by };
}

export function checkPullDueInput(raw: unknown): PullDueInput {
  const fields = fieldsOf(raw, ['profile', 'scheduledAt']);
  const { scheduledAt } = fields;
  if (typeof scheduledAt !== 'string' || !instantPattern.test(scheduledAt) || Number.isNaN(Date.parse(scheduledAt))) {
    throw refused('"scheduledAt" must be a time like 2026-05-05T13:09:00Z');
  }
  // One spelling for one instant: it names the occurrence.
  return { profile: nameOf(fields, 'profile'), scheduledAt: new Date(scheduledAt).toISOString() };
}

export function checkStopInput(raw: unknown): StopInput {
  const { verdict, reason } = fieldsOf(raw, ['verdict', 'reason']);
  if (verdict !== 'cancelled' && verdict !== 'superseded') throw refused('"verdict" must be cancelled or superseded');
  if (typeof reason !== 'string') throw refused('"reason" must be text');
  return { verdict, reason: reason.slice(0, longestText) };
}

function fieldsOf(raw: unknown, known: readonly string[]): Fields {
  if (!isObject(raw)) throw refused('the input must be an object');
  const unknown = Object.keys(raw).find((key) => !known.includes(key));
  if (unknown === undefined) return raw;
  const takes = known.length === 0 ? 'it takes no input' : `it takes ${known.map((key) => `"${key}"`).join(', ')}`;
  throw refused(`"${unknown.slice(0, 64)}" is not known; ${takes}`);
}

function isObject(raw: unknown): raw is Fields {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw);
}

function nameOf(fields: Fields, key: string): string {
  const value = fields[key];
  if (typeof value === 'string' && namePattern.test(value)) return value;
  throw refused(`"${key}" must be a name: letters, digits, "-" and ".", at most 64`);
}

function refused(reason: string): ApplicationFailure {
  return ApplicationFailure.create({ type: 'CONFIG_INVALID', message: `Refused: ${reason}.`, nonRetryable: true });
}
