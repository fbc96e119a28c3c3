// The signals, queries and updates of the entity `connection:NAME`, and their types (contract.md "In Temporal").
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ConnectionState, ConnectionTest, ErrorBrief, HeldSet, RunBrief } from '../model.ts';

export interface ConnectionInput {
  readonly name: string;
}

/** What the workflow `testConnection` is started with. */
export interface TestInput {
  readonly name: string;
  /** A connection that is not stored yet; without it the stored one is tested. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

/**
 * What the workflow `fulfil` is started with: a file of orders by its path below the worker's directory, or by its digest one that the ledger has. With
 * both the path is where the results go.
 */
export interface FulfilInput {
  readonly connection: string;
  readonly path?: string;
  readonly file?: string;
  readonly by?: string;
}

/** How far a file of orders is written. */
export interface FulfilStatus {
  readonly connection: string;
  /** null until it was read. */
  readonly file: string | null;
  readonly total: number;
  readonly executed: number;
  readonly errored: number;
  readonly skipped: number;
  readonly waiting: number;
}

/** Names a profile; without it every active profile is meant, in file order (decision 12). */
export interface ProfileInput {
  readonly profile?: string;
}

export interface PauseInput {
  readonly reason?: string;
}

/** Names a run; without it the one current when the message is handled. */
export interface CancelInput {
  readonly run?: number;
}

export interface PullDueInput {
  readonly profile: string;
  /** The occurrence's nominal time, ISO-8601 UTC. */
  readonly scheduledAt: string;
}

/** Decides about the removals that are held: exactly those of the digest. */
export interface RemovalsInput {
  readonly digest: string;
  /** Who decides, for the audit. */
  readonly by?: string;
}

/** What became of a request for a run. */
export type RunAnswer =
  | { readonly outcome: 'run'; readonly run: number }
  | { readonly outcome: 'queued' }
  | { readonly outcome: 'skipped'; readonly reason: string };

/** One answer for each profile that was asked for. */
export interface RunAnswers {
  readonly answers: readonly (RunAnswer & { readonly profile: string })[];
}

export interface DoneAnswer {
  /** false when there was nothing to do, with the reason in `note`. */
  readonly done: boolean;
  readonly note: string | null;
}

export interface ProfileState {
  readonly name: string;
  readonly status: 'active' | 'inactive';
  readonly state: ConnectionState;
  readonly lastRun: RunBrief | null;
  /** When the last complete full pull ended. */
  readonly lastFull: string | null;
  readonly nextRun: string | null;
  /** Why no occurrence comes, as far as it is known: `schedule ended`, or `paused` with the operator's note. */
  readonly nextRunReason?: string | null;
}

export interface ConnectionStatus {
  readonly state: ConnectionState;
  readonly since: string;
  readonly connector: string;
  readonly profiles: readonly ProfileState[];
  readonly current: { readonly run: number; readonly profile: string; readonly since: string } | null;
  /** Removals that wait for a decision; null when there are none. */
  readonly held: HeldSet | null;
  readonly lastError: ErrorBrief | null;
  readonly history: readonly RunBrief[];
}

/** Sent to the child `pull`: end at the next page boundary with this verdict. */
export interface StopInput {
  readonly verdict: 'cancelled' | 'superseded';
  readonly reason: string;
}

// Payloads come from operators' hands: handlers take `unknown` and check it; a bad one is logged and ignored (signal) or rejected (update).
/** Of the workflow `fulfil`. */
export const ordersQuery = defineQuery<FulfilStatus>('orders');
export const stateQuery = defineQuery<ConnectionStatus>('state');

export const runNowSignal = defineSignal<[unknown?]>('runNow');
export const forceFullPullSignal = defineSignal<[unknown?]>('forceFullPull');
export const pauseSignal = defineSignal<[unknown?]>('pause');
export const resumeSignal = defineSignal<[unknown?]>('resume');
export const cancelRunSignal = defineSignal<[unknown?]>('cancelRun');
export const approveRemovalsSignal = defineSignal<[unknown?]>('approveRemovals');
export const rejectRemovalsSignal = defineSignal<[unknown?]>('rejectRemovals');
/** Sent by `apply` and `delete`: the connection's row has changed. */
export const configuredSignal = defineSignal<[unknown?]>('configured');

export const runNowUpdate = defineUpdate<RunAnswers, [unknown?]>('runNow');
export const forceFullPullUpdate = defineUpdate<RunAnswers, [unknown?]>('forceFullPull');
export const pauseUpdate = defineUpdate<DoneAnswer, [unknown?]>('pause');
export const resumeUpdate = defineUpdate<DoneAnswer, [unknown?]>('resume');
export const cancelRunUpdate = defineUpdate<DoneAnswer, [unknown?]>('cancelRun');
export const approveRemovalsUpdate = defineUpdate<RunAnswer, [unknown?]>('approveRemovals');
export const rejectRemovalsUpdate = defineUpdate<DoneAnswer, [unknown?]>('rejectRemovals');
export const testConnectionUpdate = defineUpdate<ConnectionTest, [unknown?]>('testConnection');
export const pullDueUpdate = defineUpdate<RunAnswer, [unknown]>('pullDue');

export const stopSignal = defineSignal<[StopInput]>('stop');
