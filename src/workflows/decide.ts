// Full or delta, and why, for each stream of a run (design 3.3, decisions 7 and 11). Pure: the time and the facts are given.
import { type Baseline, type OpenedRun, type Reason, reasons, type RunPlan, type StreamFacts, type StreamPlan } from '../model.ts';
import { periodStart } from './baseline.ts';

export interface Decision {
  readonly facts: readonly StreamFacts[];
  readonly trigger: OpenedRun['trigger'];
  /** The occurrence's nominal time, ISO-8601 UTC: it says which baseline period the run belongs to, and nothing else. */
  readonly nominalAt: string;
  /** null: no baseline. */
  readonly baseline: { readonly every: Baseline; readonly start: string; readonly timezone: string } | null;
  readonly cursorMaxAgeMs: number;
}

const hourMs = 3_600_000;
const firstRetryMs = 6 * hourMs;
const longestRetryMs = 24 * hourMs;

export function decide(decision: Decision): RunPlan {
  const decided = decision.facts.map((facts) => decideStream(decision, facts));
  const told = decided.filter(({ delta }) => delta);
  // Streams without delta are full in every run, so they do not make a run full; alone they are all there is.
  const judged = told.length > 0 ? told : decided;
  return {
    mode: modeOf(judged.map(({ plan }) => plan)),
    reason: firstReason(judged.map(({ plan }) => plan.reason)),
    baselineOverdue: decided.some(({ overdue }) => overdue),
    streams: decided.map(({ plan }) => plan),
  };
}

/** A stream that is read by delta although its map changed has its stored records mapped again. */
function modeOf(plans: readonly StreamPlan[]): RunPlan['mode'] {
  if (plans.some(({ mode }) => mode === 'full')) return 'full';
  return plans.some(({ reason }) => reason === 'map changed') ? 'remap' : 'delta';
}

interface Decided {
  readonly plan: StreamPlan;
  readonly delta: boolean;
  readonly overdue: boolean;
}

function decideStream(decision: Decision, facts: StreamFacts): Decided {
  const baseline = facts.delta ? baselineOf(decision, facts) : 'met';
  const reason = reasonOf(decision, facts, baseline);
  // Stored records have all that a changed map reads, unless it reads what was never selected.
  const mode = reason === 'delta' || (reason === 'map changed' && isCovered(facts)) ? 'delta' : 'full';
  // A stream that is read in full anyway makes up for its baseline.
  return { plan: { stream: facts.stream, mode, reason }, delta: facts.delta, overdue: baseline === 'waits' && mode === 'delta' };
}

function reasonOf({ trigger, cursorMaxAgeMs }: Decision, facts: StreamFacts, baseline: 'met' | 'due' | 'waits'): Reason {
  const { cursor, binding, mapHash } = facts;
  if (facts.lastFull === null && cursor === null) return 'first run';
  if (trigger === 'forced') return 'forced';
  if (!facts.delta) return 'no delta for this stream';
  if (baseline === 'due') return 'baseline due';
  if (cursor === null || cursor.ageMs > cursorMaxAgeMs) return 'cursor expired';
  const was = cursor.binding;
  const moved =
    was.tenantId !== binding.tenantId || was.clientId !== binding.clientId || was.cloud !== binding.cloud || was.origin !== binding.origin;
  if (moved) return 'scope changed';
  return isCovered(facts) && cursor.mapHash === mapHash ? 'delta' : 'map changed';
}

function isCovered({ cursor, binding }: StreamFacts): boolean {
  return cursor !== null && (cursor.binding.selectHash === binding.selectHash || cursor.lacks?.length === 0);
}

/** `due`: the period of the occurrence has no complete full pull. `waits`: it is due, but its last tries failed and the next is not yet. */
function baselineOf({ baseline, nominalAt }: Decision, { lastFull, failedFulls }: StreamFacts): 'met' | 'due' | 'waits' {
  if (baseline === null || baseline.every === 'never') return 'met';
  const start = periodStart({ ...baseline, every: baseline.every }, nominalAt);
  if (lastFull !== null && Date.parse(lastFull.nominalAt) >= start) return 'met';
  if (failedFulls === null || failedFulls.count === 0) return 'due';
  const pauseMs = Math.min(firstRetryMs * failedFulls.count, longestRetryMs);
  return failedFulls.sinceMs < pauseMs ? 'waits' : 'due';
}

function firstReason(given: readonly Reason[]): Reason {
  return reasons.find((reason) => given.includes(reason)) ?? 'no delta for this stream';
}
