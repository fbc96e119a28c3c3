// Activities in memory, for tests of the workflows' own logic. What each stream does is the test's to say.
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type {
  Activities,
  ExportRequest,
  FinishRequest,
  FoundOrders,
  LoadedConnection,
  OccurrenceNote,
  OpenRequest,
  OpenResult,
  RejectRequest,
  RejectResult,
  SavedState,
  SettleRequest,
  StreamEnd,
  StreamRequest,
  TestRequest,
  WrittenOrders,
} from '../../src/activities/types.ts';
import { shippedTimings } from '../../src/config.ts';
import type { ConnectionTest, HeldSet, OpenedRun, RunBrief, RunPlan, SliceResult, StreamFacts, Timings } from '../../src/model.ts';

export const quickTimings: Timings = {
  ...shippedTimings,
  shortActivityMs: 5_000,
  pullStartToCloseMs: 30_000,
  heartbeatTimeoutMs: 3_000,
  sliceMs: 2_000,
  retryInitialMs: 20,
  retryMaximumMs: 200,
};

const binding = { tenantId: 't', clientId: 'c', cloud: 'global', origin: 'https://graph.microsoft.com/v1.0', selectHash: 's' };

/** A stream that has been read in full and has a cursor: its next pull is a delta. */
export const known = (stream: string): StreamFacts => ({
  stream,
  delta: true,
  optional: false,
  binding,
  mapHash: 'm',
  cursor: { binding, mapHash: 'm', ageMs: 1000 },
  lastFull: { nominalAt: new Date().toISOString() },
  failedFulls: null,
});

export interface FakeRun {
  readonly run: number;
  readonly request: OpenRequest;
  plan: RunPlan | null;
  brief: RunBrief | null;
  finish: FinishRequest | null;
  settled: boolean;
}

export const nothingHeld: HeldSet = { count: 0, digest: null };

type ProfileGiven = Partial<LoadedConnection['profiles'][number]> & { readonly name: string };

export class FakeStore {
  readonly runs: FakeRun[] = [];
  readonly notes: OccurrenceNote[] = [];
  readonly saved: SavedState[] = [];
  facts: readonly StreamFacts[] = [known('users')];
  deleted = false;
  /** Until then the row is not read. */
  readable: Promise<void> = Promise.resolve();
  /** Those of a file, and how many of them each slice writes; null: a slice that finds them waiting. */
  orders: WrittenOrders['orders'] = { total: 0, executed: 0, errored: 0, skipped: 0, waiting: 0 };
  readonly orderSlices: (number | null)[] = [];
  /** The new files that a run of orders finds. */
  files: FoundOrders['files'] = [];
  /** The profile whose runs write orders. */
  ordersProfile: string | null = null;
  /** Those that were noted as written. */
  readonly noted: string[] = [];
  /** Slices send no heartbeats. */
  silent = false;
  /** Runs whose workflow has closed without ending their row. */
  readonly lost = new Set<number>();
  profiles: readonly ProfileGiven[] = [{ name: 'default' }];
  /** What one slice does; it ends when the promise does. Aborted when the run is stopped. */
  slice: (request: StreamRequest, signal: AbortSignal) => Promise<SliceResult> = () => Promise.resolve({ kind: 'done' });
  /** Refuses to open runs with this code. */
  openFailure: ApplicationFailure | null = null;
  /** Keeps runs waiting for their turn, and how often they asked. */
  waiting: ApplicationFailure | null = null;
  asked = 0;
  /** The pending set. */
  held: HeldSet = nothingHeld;
  /** Answers as an earlier release: without what is held. */
  earlier = false;
  /** What an approved removal does before it removes. Aborted when the run is stopped. */
  removing: (signal: AbortSignal) => Promise<void> = () => Promise.resolve();
  /** What writing the files does; null: the connection has none. */
  exporting: (() => Promise<void>) | null = null;
  /** The runs whose files were written. */
  readonly exported: number[] = [];
  /** What a decision was told of who takes it. */
  readonly deciders: string[] = [];
  readonly #ends = new Map<string, StreamEnd>();

  run(number: number): FakeRun {
    const found = this.runs.find(({ run }) => run === number);
    if (found === undefined) throw new Error(`no run ${number}`);
    return found;
  }

  write(): WrittenOrders {
    const slice = this.orderSlices.shift();
    if (slice === null) return { kind: 'wait', waitMs: 20, orders: this.orders };
    const { executed, waiting } = this.orders;
    this.orders = { ...this.orders, executed: executed + (slice ?? 0), waiting: waiting - (slice ?? 0) };
    return { kind: this.orders.waiting === 0 ? 'done' : 'more', waitMs: 0, orders: this.orders };
  }

  load(): LoadedConnection | null {
    return this.deleted ? null : this.#loaded();
  }

  open(request: OpenRequest): OpenResult {
    if (this.openFailure !== null) throw this.openFailure;
    return this.#open(request);
  }

  async pull(request: StreamRequest): Promise<SliceResult> {
    const { cancellationSignal, heartbeat } = Context.current();
    const timer = setInterval(() => (this.silent ? undefined : heartbeat()), 100);
    try {
      const result = await this.slice(request, cancellationSignal);
      const outcome = result.kind === 'done' ? 'complete' : result.kind === 'failed' || result.kind === 'partial' ? result.kind : null;
      const error = 'error' in result ? result.error : null;
      for (const stream of [request.stream, ...(request.along ?? [])])
        this.#ends.set(`${request.run} ${stream}`, { stream, outcome, error });
      return result;
    } finally {
      clearInterval(timer);
    }
  }

  async settle({ run, approve }: SettleRequest): Promise<StreamEnd[]> {
    const row = this.run(run);
    row.settled = true;
    if (approve !== undefined) {
      const { cancellationSignal, heartbeat } = Context.current();
      const timer = setInterval(() => heartbeat(), 100);
      try {
        await this.removing(cancellationSignal);
      } finally {
        clearInterval(timer);
      }
      if (approve.digest !== this.held.digest) throw ApplicationFailure.nonRetryable('They have changed.', 'REMOVALS_HELD');
      this.deciders.push(approve.by);
      this.held = nothingHeld;
    }
    const streams = row.plan?.streams ?? [];
    return streams.map(({ stream }) => this.#ends.get(`${run} ${stream}`) ?? { stream, outcome: null, error: null });
  }

  async export({ run }: ExportRequest): Promise<void> {
    await this.exporting?.();
    this.exported.push(run);
  }

  finish(request: FinishRequest): RunBrief {
    const row = this.run(request.run);
    row.finish ??= request;
    row.brief ??= {
      run: request.run,
      profile: row.request.profile,
      mode: row.request.approve === undefined ? (row.plan?.mode ?? null) : 'settle',
      verdict: request.verdict,
      finishedAt: new Date().toISOString(),
      error: request.error,
      ...(this.earlier ? {} : { held: this.held }),
    };
    return row.brief;
  }

  /** What a test does; it ends when the promise does. */
  test: (request: TestRequest) => Promise<ConnectionTest> = ({ name }) => Promise.resolve({ connection: name, ok: true, checks: [] });

  reject({ digest, by }: RejectRequest): RejectResult {
    const outcome = this.held.digest === null ? 'none' : this.held.digest === digest ? 'rejected' : 'changed';
    if (outcome === 'rejected') {
      this.deciders.push(by);
      this.held = nothingHeld;
    }
    return { outcome, held: this.held };
  }

  #loaded(): LoadedConnection {
    const briefs = this.runs.flatMap(({ brief }) => brief ?? []).reverse();
    const last = this.saved.at(-1);
    return {
      connector: 'entra-identity',
      profiles: this.profiles.map((profile) => ({
        status: 'active',
        scheduled: false,
        settled: 'registered',
        lastRun: null,
        lastFull: null,
        upcoming: [],
        ...profile,
      })),
      history: briefs.slice(0, 20),
      highestRun: this.runs.at(-1)?.run ?? 0,
      unfinished: this.runs
        .filter(({ brief }) => brief === null)
        .map(({ run, request }) => ({ run, profile: request.profile, startedAt: new Date().toISOString() })),
      ...(this.earlier ? {} : { held: this.held }),
      saved: last === undefined ? null : { state: last.state, since: last.since, paused: last.paused, lastError: last.lastError },
      searchAttributes: {
        TidemarkState: 'KEYWORD',
        TidemarkConnector: 'KEYWORD',
        TidemarkMode: 'KEYWORD',
        TidemarkLastSuccess: 'DATETIME',
      },
      timings: quickTimings,
    };
  }

  #open(request: OpenRequest): OpenResult {
    const old = this.runs.find((row) => row.request.requestId === request.requestId);
    if (old !== undefined && old.brief !== null) return { kind: 'ended', brief: old.brief };
    const row = old ?? {
      run: Math.max(request.highestRunSeen, this.runs.at(-1)?.run ?? 0) + 1,
      request,
      plan: null,
      brief: null,
      finish: null,
      settled: false,
    };
    if (old === undefined) this.runs.push(row);
    const opened: OpenedRun = {
      run: row.run,
      connection: request.connection,
      profile: request.profile,
      trigger: request.trigger,
      scheduledAt: request.scheduledAt,
      nominalAt: request.scheduledAt ?? new Date().toISOString(),
      baseline: null,
      facts: this.facts,
      timings: quickTimings,
      waits: true,
      ...(request.approve === undefined ? {} : { approve: request.approve }),
      ...(this.exporting === null ? {} : { exports: true }),
      ...(this.ordersProfile === request.profile ? { orders: true } : {}),
    };
    return { kind: 'opened', opened };
  }
}

/** Activities that find their connection's store by its name. */
export function fakeActivities(storeOf: (name: string) => FakeStore): Activities {
  return {
    loadConnection: async ({ name }) => {
      await storeOf(name).readable;
      return storeOf(name).load();
    },
    openRun: async (request) => storeOf(request.connection).open(request),
    planRun: async ({ run, connection, plan }) => {
      const store = storeOf(connection);
      store.asked += 1;
      if (store.waiting !== null) throw store.waiting;
      store.run(run).plan = plan;
    },
    pullStream: (request) => storeOf(request.connection).pull(request),
    settle: (request) => storeOf(request.connection).settle(request),
    rejectRemovals: async (request) => storeOf(request.connection).reject(request),
    exportSet: (request) => storeOf(request.connection).export(request),
    finishRun: async (request) => storeOf(request.connection).finish(request),
    awaitRun: async ({ run, connection }) => {
      const { brief } = storeOf(connection).run(run);
      if (brief !== null) return { kind: 'ended', brief };
      return storeOf(connection).lost.has(run) ? { kind: 'gone' } : { kind: 'running' };
    },
    noteOccurrence: async (note) => void storeOf(note.connection).notes.push(note),
    saveState: async ({ name, state }) => void storeOf(name).saved.push(state),
    askPullDue: async () => ({ outcome: 'queued' }),
    reconcileSlice: async ({ after }) => ({
      connections: 100,
      started: 1,
      repaired: 0,
      skipped: 2,
      overdue: 0,
      failed: 0,
      removed: 0,
      closed: 0,
      after: after === null ? 'the hundredth' : null,
    }),
    testConnection: (request) => storeOf(request.name).test(request),
    planOrders: async ({ connection }) => ({ file: 'd'.repeat(64), orders: storeOf(connection).orders, timings: quickTimings }),
    findOrders: async ({ connection }) => ({ files: storeOf(connection).files }),
    noteOrders: async ({ connection, path }) => void storeOf(connection).noted.push(path),
    writeOrders: async ({ connection }) => storeOf(connection).write(),
    writeResults: () => Promise.resolve(),
  };
}

/** A slice that lasts until it is stopped, and then ends at its page boundary. */
export const untilStopped = (_: StreamRequest, signal: AbortSignal): Promise<SliceResult> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve({ kind: 'more' }));
  });

/** Slices that last until the test lets them end. */
export function gate(): { readonly slice: () => Promise<SliceResult>; readonly open: () => void } {
  const opened = new AbortController();
  const { signal } = opened;
  const slice = (): Promise<SliceResult> =>
    new Promise((resolve) => {
      if (signal.aborted) resolve({ kind: 'done' });
      signal.addEventListener('abort', () => resolve({ kind: 'done' }));
    });
  return { slice, open: () => opened.abort() };
}
