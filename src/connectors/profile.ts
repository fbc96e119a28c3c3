// A profile and its schedule, completed and checked against the connector and the time.
import { asTidemarkError } from '../errors.ts';
import { builtInMaps } from '../mappings/maps/index.ts';
import { type CustomMaps, isCustomName, mapNamed } from './customMap.ts';
import type { ConnectorDefinition } from './definition.ts';
import { ordersStream } from './select.ts';
import type { ProfileInput, ScheduleInput } from './input.ts';
import type { Fault } from './issue.ts';
import { cronFault, defaultEnd, instantOf, isTimezone, periodMs, repeats } from './schedule.ts';
import type { ProfileSpec } from './spec.ts';
import { suggestion } from './suggest.ts';

interface ProfileOptions {
  readonly now: Date;
  /** The stored profile of this name: a start that the file leaves out stays what it was. */
  readonly before: ProfileSpec | null;
  /** null: not known yet; then only names of built-in maps are judged. */
  readonly maps: CustomMaps | null;
}

export function completeProfile(
  input: ProfileInput,
  connector: ConnectorDefinition,
  { now, before, maps }: ProfileOptions,
): { readonly profile: ProfileSpec; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const pulled = connector.streams.map((stream) => stream.name);
  const names = connector.writes === true ? [...pulled, ordersStream] : pulled;
  const orders = connector.writes === true && input.streams?.includes(ordersStream) === true;
  if (orders && input.streams !== undefined && input.streams.length > 1)
    faults.push({ path: ['streams'], reason: 'has orders beside others: they are written by a profile of their own' });
  input.streams?.forEach((name, position) => {
    if (!names.includes(name))
      faults.push({ path: ['streams', position], reason: `is not a stream of ${connector.name}${suggestion(name, names)}` });
    else if (input.streams?.indexOf(name) !== position) faults.push({ path: ['streams', position], reason: 'is named twice' });
  });
  faults.push(...assetTypeFaults(input.assetTypes, connector));
  for (const [stream, map] of Object.entries(input.maps)) {
    const reason = mapFault({ connector, profile: input, stream }, map, maps);
    if (reason !== null) faults.push({ path: ['maps', stream], reason });
  }
  const schedule = input.schedule === undefined ? null : completeSchedule(input.schedule, connector, before?.schedule ?? null, now);
  for (const fault of schedule?.faults ?? []) faults.push({ path: ['schedule', ...fault.path], reason: fault.reason });
  const delta = connector.streams.some((stream) => stream.walk.shape !== 'collections');
  const recurring = input.schedule?.occurs === 'recurring';
  if (input.baseline !== undefined && !recurring) faults.push({ path: ['baseline'], reason: 'is accepted with a recurring schedule only' });
  if (input.baseline !== undefined && !delta)
    faults.push({ path: ['baseline'], reason: `has no meaning for ${connector.name}: every run is full` });
  if (input.baseline !== undefined && orders) faults.push({ path: ['baseline'], reason: 'has no meaning for orders: nothing is pulled' });
  const profile: ProfileSpec = {
    name: input.name,
    description: input.description,
    status: input.status,
    streams: input.streams === undefined ? null : names.filter((name) => input.streams?.includes(name)),
    ...(input.assetTypes === undefined ? {} : { assetTypes: connector.assets.filter((type) => input.assetTypes?.includes(type)) }),
    maps: input.maps,
    schedule: schedule?.schedule ?? null,
    baseline: recurring && delta && !orders ? (input.baseline ?? 'weekly') : null,
  };
  return { profile, faults };
}

function assetTypeFaults(types: readonly string[] | undefined, { name, assets, queries }: ConnectorDefinition): Fault[] {
  if (types === undefined) return [];
  if (queries === undefined) return [{ path: ['assetTypes'], reason: `has nothing to act on: ${name} reads no findings` }];
  return types.flatMap((type, position): Fault[] => {
    const path = ['assetTypes', position];
    if (!assets.includes(type)) {
      const known = assets.join(', ');
      return [{ path, reason: `is not a type of asset of ${name}${suggestion(type, assets)}; known: ${known}` }];
    }
    return types.indexOf(type) === position ? [] : [{ path, reason: 'is named twice' }];
  });
}

function mapFault(
  { connector, profile, stream }: { readonly connector: ConnectorDefinition; readonly profile: ProfileInput; readonly stream: string },
  name: string,
  maps: CustomMaps | null,
): string | null {
  const streams = connector.streams.map((candidate) => candidate.name);
  const definition = connector.streams.find((candidate) => candidate.name === stream);
  if (definition === undefined) return `is not a stream of ${connector.name}${suggestion(stream, streams)}`;
  if (definition.class === null) return 'has no assets, so no map';
  if (profile.streams !== undefined && !profile.streams.includes(stream)) return 'is a stream that this profile does not pull';
  const known = [...builtInMaps.map((map) => map.name), ...Object.keys(maps ?? {})];
  if (!known.includes(name)) {
    if (maps === null && isCustomName(name)) return null;
    return `names a transform map that does not exist${suggestion(name, known)}; the built-in one is ${definition.map ?? ''}, "tidemark maps list" shows all`;
  }
  try {
    const { map } = mapNamed(maps ?? {}, name);
    return map.connector === connector.name && map.stream === stream ? null : `names a map of ${map.connector}'s ${map.stream}`;
  } catch (error) {
    return asTidemarkError(error).message;
  }
}

function completeSchedule(
  input: ScheduleInput,
  connector: ConnectorDefinition,
  before: ProfileSpec['schedule'],
  now: Date,
): { readonly schedule: ProfileSpec['schedule']; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const add = (key: string, reason: string): void => void faults.push({ path: [key], reason });
  const { cron } = input;
  const every = input.every ?? (cron === undefined ? connector.defaultEvery : undefined);
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
  if ((every === undefined) === (cron === undefined)) faults.push({ path: [], reason: 'needs either every or cron' });
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
