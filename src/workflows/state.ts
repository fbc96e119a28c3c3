// The states of a profile and of a connection, and what moves them (decision 13). Pure: one table.
import type { ConnectionState } from '../model.ts';

/** Where a profile stands when nothing runs and nothing is paused. */
export type SettledState = Exclude<ConnectionState, 'processing' | 'paused'>;

/** A run is under way above the settled state, a pause lies over it; both leave it as it was. */
export interface Standing {
  readonly settled: SettledState;
  readonly running: boolean;
  readonly paused: boolean;
}

export const stateEvents = [
  'scheduleGiven',
  'scheduleTaken',
  'runStarted',
  'runComplete',
  'runHeld',
  'runFailed',
  'runPartial',
  'runCancelled',
  'runSuperseded',
  'runSettled',
  'removalsDecided',
  'paused',
  'resumed',
] as const;
export type StateEvent = (typeof stateEvents)[number];

/**
 * What a run's end, a decision on what is held, or a schedule that comes or goes, makes of each settled state. Events that are not named leave it:
 * so does a run that only removes what was approved (`runSettled`), which says nothing of pulls.
 */
const settledAfter: Readonly<Record<SettledState, Partial<Record<StateEvent, SettledState>>>> = {
  registered: { scheduleGiven: 'scheduled', runComplete: 'processed', runHeld: 'held', runFailed: 'errored', runPartial: 'errored' },
  scheduled: { scheduleTaken: 'registered', runComplete: 'processed', runHeld: 'held', runFailed: 'errored', runPartial: 'errored' },
  processed: { runHeld: 'held', runFailed: 'errored', runPartial: 'errored' },
  errored: { runComplete: 'processed', runHeld: 'held' },
  held: { removalsDecided: 'processed', runComplete: 'processed', runFailed: 'errored', runPartial: 'errored' },
};

const runEnds: ReadonlySet<StateEvent> = new Set([
  'runComplete',
  'runHeld',
  'runFailed',
  'runPartial',
  'runCancelled',
  'runSuperseded',
  'runSettled',
]);

export function transition(standing: Standing, event: StateEvent): Standing {
  return {
    settled: settledAfter[standing.settled][event] ?? standing.settled,
    running: event === 'runStarted' || (standing.running && !runEnds.has(event)),
    paused: event === 'paused' || (standing.paused && event !== 'resumed'),
  };
}

/** A pause shows over all but a run that is still ending. */
export function shown({ settled, running, paused }: Standing): ConnectionState {
  if (running) return 'processing';
  return paused ? 'paused' : settled;
}

/** From the one that needs a person most to the one that needs nobody. */
const worst: readonly ConnectionState[] = ['processing', 'paused', 'errored', 'held', 'processed', 'scheduled', 'registered'];

/** A connection shows the worst of its profiles; a run under way shows before all, because it is about to change the rest. */
export function worstOf(states: readonly ConnectionState[]): ConnectionState {
  return worst.find((state) => states.includes(state)) ?? 'registered';
}
