// The whole transition table (decision 13), and which state shows.
import type { ConnectionState } from '../../src/model.ts';
import { type SettledState, shown, type Standing, type StateEvent, stateEvents, transition, worstOf } from '../../src/workflows/state.ts';

const settled: readonly SettledState[] = ['registered', 'scheduled', 'processed', 'errored', 'held'];

/** Columns in the order of `settled`: what each becomes. */
const table: Record<StateEvent, readonly SettledState[]> = {
  scheduleGiven: ['scheduled', 'scheduled', 'processed', 'errored', 'held'],
  scheduleTaken: ['registered', 'registered', 'processed', 'errored', 'held'],
  runStarted: ['registered', 'scheduled', 'processed', 'errored', 'held'],
  runComplete: ['processed', 'processed', 'processed', 'processed', 'processed'],
  runHeld: ['held', 'held', 'held', 'held', 'held'],
  runFailed: ['errored', 'errored', 'errored', 'errored', 'errored'],
  runPartial: ['errored', 'errored', 'errored', 'errored', 'errored'],
  runCancelled: ['registered', 'scheduled', 'processed', 'errored', 'held'],
  runSuperseded: ['registered', 'scheduled', 'processed', 'errored', 'held'],
  runSettled: ['registered', 'scheduled', 'processed', 'errored', 'held'],
  removalsDecided: ['registered', 'scheduled', 'processed', 'errored', 'processed'],
  paused: ['registered', 'scheduled', 'processed', 'errored', 'held'],
  resumed: ['registered', 'scheduled', 'processed', 'errored', 'held'],
};

const flags = [false, true];
const cells = stateEvents.flatMap((event) =>
  settled.flatMap((from, column) =>
    flags.flatMap((running) => flags.map((paused) => ({ event, from, running, paused, to: table[event][column] }))),
  ),
);

test.each(cells)('$event on $from (running $running, paused $paused) settles $to', ({ event, from, running, paused, to }) => {
  const ends = event.startsWith('run') && event !== 'runStarted';
  expect(transition({ settled: from, running, paused }, event)).toEqual({
    settled: to,
    running: event === 'runStarted' || (running && !ends),
    paused: event === 'paused' || (paused && event !== 'resumed'),
  });
});

test.each<[Standing, ConnectionState]>([
  [{ settled: 'registered', running: false, paused: false }, 'registered'],
  [{ settled: 'scheduled', running: true, paused: false }, 'processing'],
  [{ settled: 'errored', running: true, paused: true }, 'processing'],
  [{ settled: 'errored', running: false, paused: true }, 'paused'],
  [{ settled: 'held', running: false, paused: false }, 'held'],
])('%j shows %s', (standing, state) => {
  expect(shown(standing)).toBe(state);
});

test('a pause gives back the state before it', () => {
  for (const from of settled) {
    const paused = transition({ settled: from, running: false, paused: false }, 'paused');
    expect(shown(transition(paused, 'resumed'))).toBe(from);
  }
});

test.each<[ConnectionState[], ConnectionState]>([
  [[], 'registered'],
  [['processed', 'errored', 'scheduled'], 'errored'],
  [['held', 'errored'], 'errored'],
  [['processed', 'held'], 'held'],
  [['registered', 'scheduled'], 'scheduled'],
  [['scheduled', 'processed'], 'processed'],
  [['errored', 'processing'], 'processing'],
  [['paused', 'processed'], 'paused'],
])('of %j the connection shows %s', (states, state) => {
  expect(worstOf(states)).toBe(state);
});
