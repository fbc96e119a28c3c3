// What the entity `connection:NAME` holds, and what a load, a run's end and a decision make of it. Plain data: no Temporal, no time of its own.
import type { LoadedConnection, LoadedProfile, OccurrenceNote, Paused } from '../activities/types.ts';
import type { Approval, ConnectionState, ErrorBrief, HeldSet, Mode, RunBrief, Timings, Trigger, Verdict } from '../model.ts';
import type { DoneAnswer, RunAnswer, StopInput } from './messages.ts';
import { type Standing, type StateEvent, transition } from './state.ts';

/** A request for a run that waits for its turn. */
export interface Waiting {
  readonly requestId: string;
  readonly profile: string;
  readonly trigger: Trigger;
  readonly scheduledAt: string | null;
  /** The last request that joined it. */
  readonly joinedBy?: string;
  /** The run removes what was held, and pulls nothing. */
  readonly approve?: Approval;
}

/** An approval that waits for its turn. */
export interface WaitingApproval extends Approval {
  readonly requestId: string;
}

/** A rejection that the main loop is to carry out. */
export interface Rejection extends Approval {
  answer: DoneAnswer | null;
}

export interface Current {
  readonly run: number;
  readonly profile: string;
  readonly since: string;
  /** What it was when it began; null when that is not known. */
  readonly mode: Mode | null;
  /** The digest that it removes by. */
  readonly approves: string | null;
  /** What it was told; it is told once. */
  told: StopInput | null;
  /** Set when its workflow has ended: with the brief, or without one. */
  ended: { readonly brief: RunBrief } | { readonly brief: null; readonly cancelled: boolean; readonly how: string } | null;
}

interface Profile extends Pick<LoadedProfile, 'name' | 'status' | 'scheduled' | 'lastRun' | 'lastFull' | 'upcoming' | 'nextRunReason'> {
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
  /** At most one; it goes before the queue, whose runs may change what it is bound to. */
  approval: WaitingApproval | null;
  rejections: Rejection[];
  /** The pending set; null when it is not known: the execution began in an earlier release. */
  held: HeldSet | null;
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
    approval: null,
    rejections: [],
    held: null,
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
    const { name, status, scheduled, upcoming, nextRunReason = null } = profile;
    const event = scheduled && status === 'active' ? 'scheduleGiven' : 'scheduleTaken';
    return { name, status, scheduled, upcoming, nextRunReason, lastRun, lastFull, standing: transition(standing, event) };
  });
  // What waits for a profile that is gone would wait for ever.
  for (const waiting of entity.queue.filter(({ profile }) => !entity.profiles.some(({ name }) => name === profile))) {
    leaveOut(entity, waiting, 'there is no such profile any more');
  }
  if (loaded.held !== undefined) takeHeld(entity, loaded.held);
  entity.loaded = true;
}

/** The pending set as it is now: where it is empty nothing waits for a decision, and an approval of another set is void. */
export function takeHeld(entity: Entity, held: HeldSet): void {
  entity.held = held;
  if (held.count === 0) move(entity, 'removalsDecided', null);
  const { approval } = entity;
  if (approval === null || approval.digest === held.digest) return;
  entity.approval = null;
  entity.answers.set(approval.requestId, { outcome: 'skipped', reason: whyNotDecided(held) });
}

/** Why a decision on a digest that is not the set's does nothing. */
export function whyNotDecided({ digest }: HeldSet): string {
  return digest === null ? 'no removals are held' : `the held removals have changed: their digest is ${digest}`;
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
  const settles = brief.mode === 'settle' || entity.current?.mode === 'settle';
  const holds = brief.verdict === 'complete' && (brief.held?.count ?? 0) > 0;
  move(entity, settles ? 'runSettled' : holds ? 'runHeld' : eventOf[brief.verdict], brief.profile);
  // What a pull failed of is not mended by removing what was approved.
  if (brief.verdict === 'complete' && (!settles || entity.lastError?.code === 'REMOVALS_HELD')) entity.lastError = null;
  else if (brief.verdict === 'failed' || brief.verdict === 'partial') entity.lastError = brief.error;
  entity.current = null;
  entity.cancelAsked = false;
  if (brief.held !== undefined) takeHeld(entity, brief.held);
}
