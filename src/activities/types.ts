// The activities as the workflows see them, with what they take and answer: ids, counts, codes. MUST stay small: all of it is in histories.
import type {
  Approval,
  ConnectionTest,
  ErrorBrief,
  HeldSet,
  OpenedRun,
  RunBrief,
  RunPlan,
  SliceResult,
  StreamOutcome,
  Timings,
  Trigger,
  Verdict,
} from '../model.ts';
import type { Slice } from '../reconcile/slice.ts';
import type { OrderCounts } from '../store/orderFile.ts';
import type { SettledState } from '../workflows/state.ts';
import type { ConnectionStatus, RunAnswer } from '../workflows/messages.ts';

export interface Paused {
  readonly since: string;
  readonly reason: string | null;
  /** Per profile the last occurrence that was skipped meanwhile. */
  readonly skipped: Readonly<Record<string, string>>;
}

/** What the entity keeps in the connection's row: an entity started anew, and the verbs when no worker answers, read it. */
export interface SavedState extends Omit<ConnectionStatus, 'history'> {
  readonly paused: Paused | null;
  readonly settled: Readonly<Record<string, SettledState>>;
}

export interface LoadedProfile {
  readonly name: string;
  readonly status: 'active' | 'inactive';
  /** Whether a Schedule starts it. */
  readonly scheduled: boolean;
  readonly settled: SettledState;
  readonly lastRun: RunBrief | null;
  readonly lastFull: string | null;
  /** The next times the Schedule fires, ISO-8601; none while an operator has it paused. */
  readonly upcoming: readonly string[];
  /** Why none comes; the release before did not say. */
  readonly nextRunReason?: string | null;
}

export interface LoadedConnection {
  readonly connector: string;
  /** In file order. */
  readonly profiles: readonly LoadedProfile[];
  /** Newest first. */
  readonly history: readonly RunBrief[];
  readonly highestRun: number;
  /** Runs without a verdict: a former entity began them. */
  readonly unfinished: readonly { readonly run: number; readonly profile: string; readonly startedAt: string }[];
  /** The pending set. Absent in what earlier releases answered. */
  readonly held?: HeldSet;
  readonly saved: Pick<SavedState, 'since' | 'state' | 'paused' | 'lastError'> | null;
  /** Of Tidemark's search attributes those that the namespace has, with their types. */
  readonly searchAttributes: Readonly<Record<string, string>>;
  readonly timings: Timings;
}

export interface OpenRequest {
  readonly requestId: string;
  readonly connection: string;
  readonly profile: string;
  readonly trigger: Trigger;
  readonly scheduledAt: string | null;
  readonly highestRunSeen: number;
  /** The run is to remove what is held. */
  readonly approve?: Approval;
}

export type OpenResult =
  | { readonly kind: 'opened'; readonly opened: OpenedRun }
  /** The same request was answered with this run before, and it has ended. */
  | { readonly kind: 'ended'; readonly brief: RunBrief };

interface RunPlace {
  readonly run: number;
  readonly connection: string;
}

export interface PlanRequest extends RunPlace {
  readonly plan: RunPlan;
}

export interface StreamRequest extends RunPlace {
  readonly stream: string;
  /** Streams that are read after its end, one after another. Absent: none. */
  readonly along?: readonly string[];
  readonly timings: Timings;
}

export interface SettleRequest extends RunPlace {
  readonly timings: Timings;
  /** Removes what is held, in place of what the run's streams prove gone. */
  readonly approve?: Approval;
}

export interface ExportRequest extends RunPlace {
  readonly timings: Timings;
}

export interface RejectRequest extends Approval {
  readonly connection: string;
}

export interface RejectResult {
  readonly outcome: 'rejected' | 'changed' | 'none';
  /** The pending set after it. */
  readonly held: HeldSet;
}

/** How a stream of the run stands after settle; `outcome` is null for one that was never read. */
export interface StreamEnd {
  readonly stream: string;
  readonly outcome: StreamOutcome | null;
  readonly error: ErrorBrief | null;
}

export interface FinishRequest extends RunPlace {
  readonly verdict: Verdict;
  readonly error: ErrorBrief | null;
  /** Why it was stopped, for the log. */
  readonly reason: string | null;
}

export interface AwaitRequest extends RunPlace {
  readonly timings: Timings;
}

export type AwaitResult =
  | { readonly kind: 'ended'; readonly brief: RunBrief }
  | { readonly kind: 'running' }
  /** Its workflow has closed and left the row open. */
  | { readonly kind: 'gone' };

export interface OccurrenceNote {
  readonly connection: string;
  readonly profile: string;
  readonly scheduledAt: string;
  readonly outcome: 'ran' | 'queued' | 'skipped';
  readonly run: number | null;
  readonly reason: string | null;
}

export interface PullDueRequest {
  readonly name: string;
  readonly profile: string;
  readonly scheduledAt: string;
  /** Of the tick and its execution: asked again, the entity gives the same answer. */
  readonly updateId: string;
}

export interface ReconcileRequest {
  /** The last connection of the slice before; null at the beginning. */
  readonly after: string | null;
}

export interface ReconcileResult extends Slice {
  /** Schedules of profiles and connections that are gone. */
  readonly removed: number;
  /** Runs that nobody held any more. */
  readonly closed: number;
}

export interface TestRequest {
  readonly name: string;
  /** A connection that is not stored yet; without it the stored one. It holds references, never secrets. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

export interface PlanOrdersRequest {
  readonly connection: string;
  /** A file below the worker's directory of orders; with `file` it is in the ledger already. */
  readonly path?: string;
  readonly file?: string;
  /** Who sends it, for the audit. */
  readonly by: string;
}

export interface PlannedOrders {
  /** The digest under which the ledger has the file. */
  readonly file: string;
  readonly orders: OrderCounts;
  readonly timings: Timings;
}

export interface WriteOrdersRequest {
  readonly connection: string;
  readonly file: string;
  readonly timings: Timings;
}

export interface WrittenOrders {
  /** `wait`: nothing may go out before so many milliseconds. */
  readonly kind: 'done' | 'more' | 'wait';
  readonly waitMs: number;
  readonly orders: OrderCounts;
}

export interface FindOrdersRequest extends RunPlace {
  readonly timings: Timings;
}

/** New files, by name. */
export interface FoundOrders {
  readonly files: readonly {
    /** Below the worker's directory of orders. */
    readonly path: string;
    /** The digest of its content; null: it cannot be read, for the reason in `error`. */
    readonly file: string | null;
    readonly error: ErrorBrief | null;
  }[];
}

export interface NoteOrdersRequest extends RunPlace {
  readonly path: string;
  readonly executed: number;
  readonly errored: number;
  readonly skipped: number;
}

export interface WriteResultsRequest {
  readonly connection: string;
  readonly file: string;
  readonly path: string;
}

export interface Activities {
  /** null when there is no such connection, or it is deleted. */
  loadConnection(input: { readonly name: string }): Promise<LoadedConnection | null>;
  openRun(input: OpenRequest): Promise<OpenResult>;
  planRun(input: PlanRequest): Promise<void>;
  pullStream(input: StreamRequest): Promise<SliceResult>;
  settle(input: SettleRequest): Promise<StreamEnd[]>;
  /** Writes the files of a complete run; asked for only where the connection has some. */
  exportSet(input: ExportRequest): Promise<void>;
  finishRun(input: FinishRequest): Promise<RunBrief>;
  /** Rejects the pending set of a digest. */
  rejectRemovals(input: RejectRequest): Promise<RejectResult>;
  /** Waits a slice long for the row of the run to end. */
  awaitRun(input: AwaitRequest): Promise<AwaitResult>;
  noteOccurrence(input: OccurrenceNote): Promise<void>;
  saveState(input: { readonly name: string; readonly state: SavedState }): Promise<void>;
  askPullDue(input: PullDueRequest): Promise<RunAnswer>;
  /** Reconciles the next connections by name. */
  reconcileSlice(input: ReconcileRequest): Promise<ReconcileResult>;
  testConnection(input: TestRequest): Promise<ConnectionTest>;
  /** Takes a file of orders into the ledger, and plans it. */
  planOrders(input: PlanOrdersRequest): Promise<PlannedOrders>;
  /** The new files in the connection's directory of orders. */
  findOrders(input: FindOrdersRequest): Promise<FoundOrders>;
  /** Notes that such a file has ended. */
  noteOrders(input: NoteOrdersRequest): Promise<void>;
  /** Writes a slice of a file's orders. */
  writeOrders(input: WriteOrdersRequest): Promise<WrittenOrders>;
  /** Puts what has ended beside the file of orders. */
  writeResults(input: WriteResultsRequest): Promise<void>;
}
