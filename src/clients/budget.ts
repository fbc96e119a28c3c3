// What an application may still ask of a tenant: all who ask with the same application share one budget, wherever they run.
// MUST keep no SQL: where the state is shared is the ledger's matter. https://learn.microsoft.com/graph/throttling-limits
import type { ThrottleState } from '../model.ts';
import { refusalWaitMs, spreadWaitMs } from './throttle.ts';

export interface Budget {
  /** How long nothing may be sent (0: now), and how long each request is to be held back even so, in ms. */
  standing(): Promise<{ readonly waitMs: number; readonly paceMs: number }>;
  /** The source refused, and told how long to wait or did not. Answers how long the asker has to wait: never less than it was told. */
  refused(toldMs: number | null): Promise<number>;
  /** The source answered, and may have warned that the limit is near or reached. */
  answered(warning: Warning): Promise<void>;
}

export interface Warning {
  /** Everybody holds each request back for so long, less and less; 0: it did not warn. */
  readonly paceMs: number;
  /** Nobody asks for so long: what was granted is used up; 0: it is not. */
  readonly emptyMs: number;
}

/** Where the state of a budget is kept for all who share it. Times are relative to the ledger's own clock. */
export interface BudgetLedger {
  read(): Promise<ThrottleState>;
  /** Changes it in one step, whoever else does. */
  change(how: (state: ThrottleState) => ThrottleState): Promise<ThrottleState>;
}

/** A state is trusted for so long before the ledger is read again: how late a process may learn that another one was refused. */
const staleMs = 1_000;
/** A refusal so long after the end of the last wait is a first one again. */
const forgottenMs = 60_000;
/** The pace halves in this time: the length of the source's own windows. */
const paceHalfLifeMs = 10_000;
const leastPaceMs = 50;
/** Timers fire up to a millisecond early. */
const timerErrorMs = 1;

export const quiet: ThrottleState = { blockedMs: 0, refusals: 0, paceMs: 0, pacedAgoMs: 0 };

/** The state after a refusal; the same object when it says nothing new. Refusals that meet a block under way are the echo of one. */
export function refuse(state: ThrottleState, toldMs: number | null, longestMs: number, random: number): ThrottleState {
  const echo = state.blockedMs > 0;
  if (echo && (toldMs ?? 0) <= state.blockedMs) return state;
  const refusals = echo ? state.refusals : state.blockedMs > -forgottenMs ? state.refusals + 1 : 1;
  const waitMs = Math.min(refusalWaitMs(toldMs, refusals - 1, random), longestMs);
  return { ...state, refusals, blockedMs: Math.max(state.blockedMs, waitMs) };
}

/** The state after an answer: refusals are no longer in a row. The same object when they were not. */
export function recover(state: ThrottleState): ThrottleState {
  return state.refusals === 0 || state.blockedMs > 0 ? state : { ...state, refusals: 0 };
}

/** The state after a warning; the same object when the pace is about that already. */
export function warn(state: ThrottleState, paceMs: number): ThrottleState {
  return paceMs <= 1.25 * paceOf(state) ? state : { ...state, paceMs, pacedAgoMs: 0 };
}

/** The state after the last request that was granted; the same object when it says nothing new. It was answered, so no refusal is counted. */
export function empty(state: ThrottleState, emptyMs: number, longestMs: number): ThrottleState {
  const blockedMs = Math.min(emptyMs, longestMs);
  return blockedMs <= 0 || blockedMs <= state.blockedMs ? state : { ...state, blockedMs };
}

/** How long each request is held back by now. */
export function paceOf({ paceMs, pacedAgoMs }: ThrottleState): number {
  const left = paceMs * 0.5 ** (Math.max(pacedAgoMs, 0) / paceHalfLifeMs);
  return left < leastPaceMs ? 0 : Math.round(left);
}

function aged(state: ThrottleState, ms: number): ThrottleState {
  return { ...state, blockedMs: state.blockedMs - ms, pacedAgoMs: state.pacedAgoMs + ms };
}

export interface BudgetOptions {
  /** @default this process's own memory */
  readonly ledger?: BudgetLedger;
  /** What others wait because one was told is bounded by this, in ms; who was told waits what it was told. @default unbounded */
  readonly longestBlockMs?: number;
  /** In [0, 1); spreads waits. @default Math.random */
  readonly random?: () => number;
}

/**
 * A budget over its ledger, which is read at most once a second and written only when the source said something new.
 * Methods throw what the ledger throws.
 */
export function createBudget({ ledger = ownLedger(), longestBlockMs = Infinity, random = Math.random }: BudgetOptions = {}): Budget {
  let known: { readonly state: ThrottleState; readonly at: number } | null = null;
  let reading: Promise<ThrottleState> | null = null;

  const learn = (state: ThrottleState, at: number): ThrottleState => {
    known = { state, at };
    return state;
  };
  const current = async (): Promise<ThrottleState> => {
    const now = performance.now();
    if (known !== null && now - known.at < staleMs) return aged(known.state, now - known.at);
    // Streams side by side ask at the same time; one of them reads.
    reading ??= ledger
      .read()
      .then((state) => learn(state, now))
      .finally(() => (reading = null));
    return reading;
  };
  const change = async (how: (state: ThrottleState) => ThrottleState): Promise<ThrottleState> => {
    const before = await current();
    if (how(before) === before) return before;
    return learn(await ledger.change(how), performance.now());
  };

  return {
    async standing() {
      const state = await current();
      const waitMs = state.blockedMs > timerErrorMs ? spreadWaitMs(state.blockedMs, random()) : 0;
      return { waitMs, paceMs: paceOf(state) };
    },
    async refused(toldMs) {
      const { blockedMs } = await change((state) => refuse(state, toldMs, longestBlockMs, random()));
      return spreadWaitMs(Math.max(blockedMs, toldMs ?? 0), random());
    },
    async answered({ paceMs, emptyMs }) {
      await change((state) => empty(warn(recover(state), paceMs), emptyMs, longestBlockMs));
    },
  };
}

function ownLedger(): BudgetLedger {
  let state = quiet;
  let at = performance.now();
  const read = async (): Promise<ThrottleState> => aged(state, performance.now() - at);
  return {
    read,
    async change(how) {
      state = how(await read());
      at = performance.now();
      return state;
    },
  };
}
