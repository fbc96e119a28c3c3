// A connection as it is stored and run: every key known, every bound checked, every default filled. Secrets are references, always.
import { z } from 'zod';
import { TidemarkError } from '../errors.ts';
import { canonical, hashOf } from '../mappings/canonical.ts';
import { compiledMap } from '../mappings/maps/index.ts';
import type { Json } from '../model.ts';
import { cloudNames } from './clouds.ts';
import type { ConnectorDefinition } from './definition.ts';
import { connectors } from './index.ts';
import type { ConnectionInput, ProfileInput, ScheduleInput } from './input.ts';
import { cronFault, defaultEnd, instantOf, isTimezone, outlivesCursors, periodMs, repeats } from './schedule.ts';
import { suggestion } from './suggest.ts';

const scheduleSpec = z.discriminatedUnion('occurs', [
  z.object({ occurs: z.literal('once'), start: z.string(), timezone: z.string() }),
  z.object({
    occurs: z.literal('recurring'),
    every: z.string().nullable(),
    cron: z.string().nullable(),
    start: z.string(),
    end: z.string(),
    timezone: z.string(),
  }),
]);

const profileSpec = z.object({
  name: z.string(),
  description: z.string(),
  status: z.enum(['active', 'inactive']),
  /** In the connector's order; null: all that are not optional. */
  streams: z.array(z.string()).nullable(),
  /** By stream; a stream that is not here has its built-in map. */
  maps: z.record(z.string(), z.string()),
  /** null: on demand only. */
  schedule: scheduleSpec.nullable(),
  /** null exactly when the schedule is not recurring, or the connector has no delta. */
  baseline: z.enum(['weekly', 'fortnightly', 'triweekly', 'monthly', 'never']).nullable(),
});

const connectionSpec = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  connector: z.string(),
  credentials: z.object({
    tenantId: z.string(),
    clientId: z.string(),
    /** References, the new one first when there are two; exactly one of the lists is not null. */
    clientSecret: z.array(z.string()).nullable(),
    clientCertificate: z.array(z.string()).nullable(),
  }),
  cloud: z.enum(cloudNames),
  /** Exactly with cloud `custom`. */
  endpoints: z.object({ login: z.string(), graph: z.string(), ca: z.string().nullable() }).nullable(),
  settings: z.record(z.string(), z.json()),
  guard: z.object({ absolute: z.number(), percent: z.number(), minimum: z.number(), dailyPercent: z.number() }),
  rejects: z.object({ absolute: z.number(), percent: z.number() }),
  profiles: z.array(profileSpec),
});

export type ConnectionSpec = z.output<typeof connectionSpec>;
export type ProfileSpec = z.output<typeof profileSpec>;

/** A stored connection. @throws CONFIG_INVALID when the row was not written by `apply` of this or an earlier release. */
export function readSpec(stored: unknown): ConnectionSpec {
  const parsed = connectionSpec.safeParse(stored);
  if (parsed.success) return parsed.data;
  throw new TidemarkError('CONFIG_INVALID', `The stored connection cannot be read at "${parsed.error.issues[0]?.path.join('.') ?? ''}".`, {
    hint: 'Apply its file again.',
  });
}

/** SHA-256 of the whole connection: `apply` tells changed from unchanged by it. */
export function specHash(spec: ConnectionSpec): string {
  const json: Json = z.json().parse(spec);
  return hashOf(canonical(json));
}

/** A fault of the file: the path of the key (`profiles.0.schedule.every`) and what is wrong, without the value. */
export interface Fault {
  readonly path: readonly (string | number)[];
  readonly reason: string;
}

export interface CompleteOptions {
  readonly now: Date;
  /** The connection as stored: a start that the file leaves out stays what it was. */
  readonly previous: ConnectionSpec | null;
  /** The PEM that `endpoints.caFile` names; null when it names none. */
  readonly ca: string | null;
}

/** Fills the defaults and checks what depends on other keys, the connector and the time. All faults are found at once. */
export function completeSpec(
  input: ConnectionInput,
  options: CompleteOptions,
): { readonly spec: ConnectionSpec | null; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const connector = connectors.find((candidate) => candidate.name === input.connector);
  if (connector === undefined) {
    const names = connectors.map((candidate) => candidate.name);
    faults.push({
      path: ['connector'],
      reason: `is not a connector of this version${suggestion(input.connector, names)}; known: ${names.join(', ')}`,
    });
    return { spec: null, faults };
  }
  const settings = connector.settings.safeParse(input.settings);
  for (const issue of settings.error?.issues ?? [])
    faults.push({ path: ['settings', ...issue.path.map(stepOf)], reason: settingReason(issue) });
  if (input.cloud === 'custom' && input.endpoints === undefined)
    faults.push({ path: ['endpoints'], reason: 'is required with cloud: custom' });
  if (input.cloud !== 'custom' && input.endpoints !== undefined)
    faults.push({ path: ['endpoints'], reason: 'is accepted with cloud: custom only' });
  const profiles = input.profiles.map((profile, position) => {
    const before = options.previous?.profiles.find((known) => known.name === profile.name) ?? null;
    const found = completeProfile(profile, connector, before, options.now);
    for (const fault of found.faults) faults.push({ path: ['profiles', position, ...fault.path], reason: fault.reason });
    return found.profile;
  });
  faults.push(...between(profiles, connector));
  const { endpoints, credentials } = input;
  const spec: ConnectionSpec = {
    name: input.name,
    title: input.title ?? input.name,
    description: input.description,
    connector: input.connector,
    credentials: {
      tenantId: credentials.tenantId.toLowerCase(),
      clientId: credentials.clientId.toLowerCase(),
      clientSecret: credentials.clientSecret ?? null,
      clientCertificate: credentials.clientCertificate ?? null,
    },
    cloud: input.cloud,
    endpoints: endpoints === undefined ? null : { login: endpoints.login, graph: endpoints.graph, ca: options.ca },
    settings: settings.data ?? {},
    guard: input.guard,
    rejects: input.rejects,
    profiles,
  };
  return { spec: faults.length === 0 ? spec : null, faults };
}

/** What a connection's owner should know although it is valid (decision 16). */
export function notesOf(spec: ConnectionSpec): string[] {
  return spec.profiles
    .filter((profile) => outlivesCursors(profile.schedule))
    .map((profile) => `Profile "${profile.name}": its runs are 7 days or more apart, and delta links live 7 days, so every run is full.`);
}

function completeProfile(
  input: ProfileInput,
  connector: ConnectorDefinition,
  before: ProfileSpec | null,
  now: Date,
): { readonly profile: ProfileSpec; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const names = connector.streams.map((stream) => stream.name);
  input.streams?.forEach((name, position) => {
    if (!names.includes(name))
      faults.push({ path: ['streams', position], reason: `is not a stream of ${connector.name}${suggestion(name, names)}` });
    else if (input.streams?.indexOf(name) !== position) faults.push({ path: ['streams', position], reason: 'is named twice' });
  });
  for (const [stream, map] of Object.entries(input.maps)) {
    const reason = mapFault(connector, input, stream, map);
    if (reason !== null) faults.push({ path: ['maps', stream], reason });
  }
  const schedule = input.schedule === undefined ? null : completeSchedule(input.schedule, before?.schedule ?? null, now);
  for (const fault of schedule?.faults ?? []) faults.push({ path: ['schedule', ...fault.path], reason: fault.reason });
  const delta = connector.streams.some((stream) => stream.walk.shape !== 'collections');
  const recurring = input.schedule?.occurs === 'recurring';
  if (input.baseline !== undefined && !recurring) faults.push({ path: ['baseline'], reason: 'is accepted with a recurring schedule only' });
  if (input.baseline !== undefined && !delta)
    faults.push({ path: ['baseline'], reason: `has no meaning for ${connector.name}: every run is full` });
  const profile: ProfileSpec = {
    name: input.name,
    description: input.description,
    status: input.status,
    streams: input.streams === undefined ? null : names.filter((name) => input.streams?.includes(name)),
    maps: input.maps,
    schedule: schedule?.schedule ?? null,
    baseline: recurring && delta ? (input.baseline ?? 'weekly') : null,
  };
  return { profile, faults };
}

function mapFault(connector: ConnectorDefinition, profile: ProfileInput, stream: string, name: string): string | null {
  const definition = connector.streams.find((candidate) => candidate.name === stream);
  if (definition === undefined)
    return `is not a stream of ${connector.name}${suggestion(
      stream,
      connector.streams.map((candidate) => candidate.name),
    )}`;
  if (definition.class === null) return 'has no assets, so no map';
  if (profile.streams !== undefined && !profile.streams.includes(stream)) return 'is a stream that this profile does not pull';
  try {
    const { map } = compiledMap(name);
    return map.connector === connector.name && map.stream === stream ? null : `names a map of ${map.connector}'s ${map.stream}`;
  } catch {
    return `names a transform map that does not exist; the built-in one is ${definition.map ?? ''}`;
  }
}

function completeSchedule(
  input: ScheduleInput,
  before: ProfileSpec['schedule'],
  now: Date,
): { readonly schedule: ProfileSpec['schedule']; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const add = (key: string, reason: string): void => void faults.push({ path: [key], reason });
  const { every, cron } = input;
  if (!isTimezone(input.timezone)) {
    add('timezone', 'is not an IANA time zone, such as Europe/Paris');
    return { schedule: null, faults };
  }
  const instant = (key: 'start' | 'end'): string | null => {
    const text = input[key];
    const found = text === undefined ? null : instantOf(text, input.timezone);
    if (text !== undefined && found === null) add(key, 'is not a time such as 2026-05-05T18:39');
    return found;
  };
  const start = instant('start');
  const end = instant('end');
  if (input.occurs === 'once') {
    for (const key of ['every', 'cron', 'end'] as const) if (input[key] !== undefined) add(key, 'is accepted with occurs: recurring only');
    if (input.start === undefined) add('start', 'is required with occurs: once');
    // An occurrence that has been is not refused when its file is applied again.
    const known = before?.occurs === 'once' && before.start === start;
    if (start !== null && !known && Date.parse(start) <= now.getTime()) add('start', 'is in the past');
    return { schedule: start === null ? null : { occurs: 'once', start, timezone: input.timezone }, faults };
  }
  if ((every === undefined) === (cron === undefined)) add('every', 'or cron is required, and not both');
  if (every !== undefined && !(repeats as readonly string[]).includes(every) && periodMs(every) === null) {
    add('every', `must be ${repeats.join(', ')}, or a period of at most 24 hours such as 15m or 4h${suggestion(every, repeats)}`);
  }
  const fault = cron === undefined ? null : cronFault(cron);
  if (fault !== null) add('cron', fault);
  const kept = before?.occurs === 'recurring' && before.timezone === input.timezone ? before.start : null;
  const from = start ?? kept ?? `${now.toISOString().slice(0, 19)}Z`;
  const till = end ?? defaultEnd(from, input.timezone);
  if (Date.parse(till) <= Date.parse(from)) add('end', 'must be after start');
  return {
    schedule: { occurs: 'recurring', every: every ?? null, cron: cron ?? null, start: from, end: till, timezone: input.timezone },
    faults,
  };
}

/** Faults between profiles: names, and streams that two active ones would both write. */
function between(profiles: readonly ProfileSpec[], connector: ConnectorDefinition): Fault[] {
  const faults: Fault[] = [];
  const names = new Set<string>();
  const owners = new Map<string, string>();
  profiles.forEach((profile, position) => {
    if (names.has(profile.name.toLowerCase()))
      faults.push({ path: ['profiles', position, 'name'], reason: 'is the name of an earlier profile (case does not count)' });
    names.add(profile.name.toLowerCase());
    if (profile.status !== 'active') return;
    for (const stream of profile.streams ??
      connector.streams.filter((candidate) => !candidate.optional).map((candidate) => candidate.name)) {
      const owner = owners.get(stream);
      if (owner !== undefined) {
        faults.push({
          path: ['profiles', position, 'streams'],
          reason: `has "${stream}", which belongs to the active profile "${owner}"; a stream has one active profile`,
        });
      }
      owners.set(stream, owner ?? profile.name);
    }
  });
  return faults;
}

function stepOf(step: PropertyKey): string | number {
  return typeof step === 'number' ? step : String(step);
}

function settingReason(issue: z.core.$ZodIssue): string {
  return issue.code === 'unrecognized_keys' ? `has no setting ${issue.keys.map((key) => `"${key}"`).join(', ')}` : issue.message;
}
