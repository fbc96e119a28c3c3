// What the entity `connection:NAME` holds, and how its parts become what is shown and saved. Plain data: no Temporal, no time of its own.
import type { LoadedConnection, LoadedProfile, OccurrenceNote, Paused, SavedState } from '../activities/types.ts';
import type { ConnectionState, ErrorBrief, RunBrief, Timings, Trigger, Verdict } from '../model.ts';
import type { ConnectionStatus, ProfileState, RunAnswer, StopInput } from './messages.ts';
import { shown, type Standing, type StateEvent, transition, worstOf } from './state.ts';

/** A request for a run that waits for its turn. */
export interface Waiting {
  readonly requestId: string;
  readonly profile: string;
  readonly trigger: Trigger;
  readonly scheduledAt: string | null;
}

export interface Current {
  readonly run: number;
  readonly profile: string;
  readonly since: string;
  /** What it was when it began; null when that is not known. */
  readonly mode: 'full' | 'delta' | null;
  /** What it was told; it is told once. */
  told: StopInput | null;
  /** Set when its workflow has ended: with the brief, or without one. */
  ended: { readonly brief: RunBrief } | { readonly brief: null; readonly cancelled: boolean; readonly how: string } | null;
}

interface Profile extends Pick<LoadedProfile, 'name' | 'status' | 'scheduled' | 'lastRun' | 'lastFull' | 'upcoming'> {
  readonly standing: Standing;
}

export interface Entity {
  readonly name: string;
  connector: string;
  loaded: boolean;
  deleted: boolean;
  /** The row is to be read (again). */
  reload: boolean;
  profiles: readonly Profile[];
  state: ConnectionState;
  since: string;
  paused: Paused | null;
  lastError: ErrorBrief | null;
  /** Newest first. */
  history: readonly RunBrief[];
  highestRun: number;
  /** At most one waiting per profile. */
  queue: Waiting[];
  /** Taken from the queue; its run is being opened. */
  opening: Waiting | null;
  current: Current | null;
  cancelAsked: boolean;
  /** Runs of a former entity that have no verdict yet. */
  unfinished: LoadedConnection['unfinished'];
  /** Occurrences whose rows are to be written. */
  notes: OccurrenceNote[];
  /** By request, of this execution: what handlers wait for, and what an occurrence that is asked for again is answered with. */
  readonly answers: Map<string, RunAnswer>;
  searchAttributes: LoadedConnection['searchAttributes'];
  timings: Timings | null;
  runsHere: number;
  /** Something has changed since the main loop last looked: a flag, so that a burst of messages costs one look. */
  woken: boolean;
  /** The last snapshot that was saved, as text. */
  savedAs: string;
}

const historyLength = 20;

export function newEntity(name: string, now: string): Entity {
  return {
    name,
    connector: '',
    loaded: false,
    deleted: false,
    reload: true,
    profiles: [],
    state: 'registered',
    since: now,
    paused: null,
    lastError: null,
    history: [],
    highestRun: 0,
    queue: [],
    opening: null,
    current: null,
    cancelAsked: false,
    unfinished: [],
    notes: [],
    answers: new Map(),
    searchAttributes: {},
    timings: null,
    runsHere: 0,
    woken: false,
    savedAs: '',
  };
}

/** Takes over what was read. What the entity knows itself is newer than the row, so that only a first load sets it. */
export function takeLoaded(entity: Entity, loaded: LoadedConnection): void {
  const known = new Map(entity.profiles.map((profile) => [profile.name, profile]));
  const first = !entity.loaded;
  if (first) {
    entity.paused = loaded.saved?.paused ?? null;
    entity.since = loaded.saved?.since ?? entity.since;
    entity.state = loaded.saved?.state ?? entity.state;
    entity.lastError = loaded.saved?.lastError ?? null;
    entity.history = loaded.history.slice(0, historyLength);
    entity.unfinished = loaded.unfinished;
  }
  entity.deleted = false;
  entity.connector = loaded.connector;
  entity.highestRun = Math.max(entity.highestRun, loaded.highestRun);
  entity.searchAttributes = loaded.searchAttributes;
  entity.timings = loaded.timings;
  entity.profiles = loaded.profiles.map((profile) => {
    const old = known.get(profile.name);
    const standing = old?.standing ?? { settled: profile.settled, running: false, paused: entity.paused !== null };
    const { lastRun, lastFull } = old ?? profile;
    const { name, status, scheduled, upcoming } = profile;
    const event = scheduled && status === 'active' ? 'scheduleGiven' : 'scheduleTaken';
    return { name, status, scheduled, upcoming, lastRun, lastFull, standing: transition(standing, event) };
  });
  // What waits for a profile that is gone would wait for ever.
  for (const waiting of entity.queue.filter(({ profile }) => !entity.profiles.some(({ name }) => name === profile))) {
    leaveOut(entity, waiting, 'there is no such profile any more');
  }
  entity.loaded = true;
}

/** A waiting request that will not run: it is answered, and its occurrence recorded. */
export function leaveOut(entity: Entity, waiting: Waiting, reason: string): void {
  entity.queue = entity.queue.filter((other) => other !== waiting);
  entity.answers.set(waiting.requestId, { outcome: 'skipped', reason });
  if (waiting.scheduledAt === null) return;
  const { profile, scheduledAt } = waiting;
  entity.notes.push({ connection: entity.name, profile, scheduledAt, outcome: 'skipped', run: null, reason });
}

/** Applies an event to one profile, or to all of them. */
export function move(entity: Entity, event: StateEvent, profileName: string | null): void {
  entity.profiles = entity.profiles.map((profile) =>
    profileName === null || profile.name === profileName ? { ...profile, standing: transition(profile.standing, event) } : profile,
  );
}

const eventOf = {
  complete: 'runComplete',
  partial: 'runPartial',
  failed: 'runFailed',
  cancelled: 'runCancelled',
  superseded: 'runSuperseded',
} as const satisfies Record<Verdict, StateEvent>;

/** Puts the end of the current run where it shows. */
export function conclude(entity: Entity, brief: RunBrief): void {
  entity.history = [brief, ...entity.history.filter(({ run }) => run !== brief.run)].slice(0, historyLength);
  entity.profiles = entity.profiles.map((profile) => {
    if (profile.name !== brief.profile) return profile;
    const lastFull = brief.mode === 'full' && brief.verdict === 'complete' ? brief.finishedAt : profile.lastFull;
    return { ...profile, lastRun: brief, lastFull };
  });
  move(entity, eventOf[brief.verdict], brief.profile);
  if (brief.verdict === 'complete') entity.lastError = null;
  else if (brief.verdict === 'failed' || brief.verdict === 'partial') entity.lastError = brief.error;
  entity.current = null;
  entity.cancelAsked = false;
}

/** Notes since when the connection has been in the state that it shows. */
export function refreshState(entity: Entity, now: string): void {
  const active = entity.profiles.filter(({ status, standing }) => status === 'active' || standing.running);
  const state = worstOf((active.length > 0 ? active : entity.profiles).map(({ standing }) => shown(standing)));
  if (state === entity.state) return;
  entity.state = state;
  entity.since = now;
}

export function statusOf(entity: Entity, now: string): ConnectionStatus {
  const { state, since, connector, current, lastError, history } = entity;
  return {
    state,
    since,
    connector,
    profiles: entity.profiles.map((profile) => profileState(profile, now)),
    current: current === null ? null : { run: current.run, profile: current.profile, since: current.since },
    lastError,
    history,
  };
}

function profileState({ name, status, standing, lastRun, lastFull, upcoming }: Profile, now: string): ProfileState {
  const nextRun = status === 'active' ? (upcoming.find((time) => time > now) ?? null) : null;
  return { name, status, state: shown(standing), lastRun, lastFull, nextRun };
}

export function savedStateOf(entity: Entity, now: string): SavedState {
  const { history: _, ...status } = statusOf(entity, now);
  const settled = Object.fromEntries(entity.profiles.map(({ name, standing }) => [name, standing.settled]));
  return { ...status, paused: entity.paused, settled };
}
