// Runs as a test drives them, straight on the store: pages of objects as a pull would write them, without source, map or merge.
import { randomUUID } from 'node:crypto';
import { hashOf } from '../../src/mappings/canonical.ts';
import type { ErrorBrief, JsonObject, Mode, Reason, RunReport, StreamMode, StreamOutcome, Verdict } from '../../src/model.ts';
import { withChanges } from '../../src/pull/change.ts';
import { evidenceOf, type Score } from '../../src/pull/evidence.ts';
import { putConnection } from '../../src/store/connection.ts';
import type { StreamPin } from '../../src/store/cursor.ts';
import type { Database } from '../../src/store/database.ts';
import { commitPage, readStoredEdges, readStoredRecords } from '../../src/store/page.ts';
import type { EdgeId, PageCommit, Reject } from '../../src/store/page.ts';
import { finishRun, openRun, planRun } from '../../src/store/run.ts';
import type { OpenRun } from '../../src/store/run.ts';
import { applyRemovals, keepRemovals, removalCandidates, stageUnseen } from '../../src/store/settle.ts';
import { endWalk, startWalk } from '../../src/store/walk.ts';
import type { StreamPlace } from '../../src/store/walk.ts';

export const binding = { tenantId: 'tenant', clientId: 'client', cloud: 'global', origin: 'https://graph.example', selectHash: 'select' };

export const pin = (stream: string, assets = true): StreamPin => ({
  stream,
  delta: true,
  optional: false,
  binding,
  mapHash: 'map',
  assets,
});

/** What a page of the source says. */
export interface Told {
  /** id to body. */
  readonly objects?: Readonly<Record<string, JsonObject>>;
  readonly gone?: readonly string[];
  readonly edges?: readonly (readonly [from: string, to: string])[];
  readonly goneEdges?: readonly (readonly [from: string, to: string])[];
  readonly rejects?: readonly string[];
  readonly cursor?: string;
}

export interface DrivenRun extends OpenRun {
  at(stream: string): StreamPlace;
  /** Starts walk 1 (or `after + 1`). */
  walk(stream: string, options?: { readonly mode?: StreamMode; readonly reason?: Reason; readonly after?: number }): Promise<void>;
  /** Commits the next page of the stream's current walk. */
  page(stream: string, told: Told): Promise<void>;
  end(stream: string, outcome?: StreamOutcome, error?: ErrorBrief | null): Promise<void>;
  /** Removes what the stream's complete walk proves gone; what is in `exist` is taken back first. */
  settle(stream: string, exist?: readonly string[]): Promise<void>;
  finish(verdict?: Verdict): Promise<RunReport>;
}

export interface DriveOptions {
  readonly connection: string;
  readonly mode?: 'full' | 'delta';
  readonly reason?: Reason;
  readonly streams?: readonly StreamPin[];
  readonly requestId?: string;
  readonly highestRunSeen?: number;
  readonly scheduledAt?: string | null;
}

/** A connection with a name of its own. */
export async function newConnection(database: Database): Promise<string> {
  const name = `c-${randomUUID()}`;
  await putConnection(database, { name, spec: { name }, specHash: 'hash' });
  return name;
}

/** Opens and plans a run; its walks are started by the caller. */
export async function drive(database: Database, options: DriveOptions): Promise<DrivenRun> {
  const { connection, mode = 'full', reason = 'first run', streams = [pin('users'), pin('groups', false)] } = options;
  const opened = await openRun(database, {
    requestId: options.requestId ?? randomUUID(),
    connection,
    profile: 'default',
    trigger: 'manual',
    scheduledAt: options.scheduledAt ?? null,
    highestRunSeen: options.highestRunSeen ?? 0,
    revision: 1,
    spec: {},
    streams,
  });
  const { run } = opened;
  const plan = { mode, reason, baselineOverdue: false, streams: streams.map(({ stream }) => ({ stream, mode, reason })) };
  await planRun(database, { run, connection, plan });
  const positions = new Map<string, { walk: number; page: number }>();
  const at = (stream: string): StreamPlace => ({ run, connection, stream });
  return {
    ...opened,
    at,
    async walk(stream, { mode: walkMode = mode, reason: walkReason = reason, after = 0 } = {}) {
      await startWalk(database, { ...at(stream), mode: walkMode, reason: walkReason, steps: [{ phase: 'list', link: null }], after });
      positions.set(stream, { walk: after + 1, page: 0 });
    },
    async page(stream, told) {
      const position = positions.get(stream)!;
      await commitPage(
        database,
        await pageOf(
          database,
          at(stream),
          position,
          told,
          streams.find((known) => known.stream === stream),
        ),
      );
      position.page += 1;
    },
    end: (stream, outcome = 'complete', error = null) => endWalk(database, { ...at(stream), outcome, error }),
    async settle(stream, exist = []) {
      await stageUnseen(database, at(stream));
      const candidates = await removalCandidates(database, { ...at(stream), after: 0, limit: 100_000 });
      const kept = candidates.filter(({ id }) => exist.includes(id)).map(({ num }) => num);
      await keepRemovals(database, { ...at(stream), records: kept, edges: [] });
      await applyRemovals(database, at(stream));
    },
    finish: (verdict = 'complete') => finishRun(database, { run, verdict, error: null }),
  };
}

/** The commit that a pull would make of it: every object replaces what is stored, and its asset is its body. */
export async function pageOf(
  database: Database,
  place: StreamPlace,
  { walk, page }: { readonly walk: number; readonly page: number },
  told: Told,
  { assets: mapped }: Pick<StreamPin, 'assets'> = { assets: true },
): Promise<PageCommit> {
  const { objects = {}, gone = [], edges = [], goneEdges = [], rejects = [] } = told;
  const known = await readStoredRecords(database, {
    ...place,
    walk,
    ids: [...new Set([...Object.keys(objects), ...gone, ...rejects])],
    bodies: false,
    seen: false,
  });
  const stored = await readStoredEdges(database, { ...place, edges: [...edges, ...goneEdges].map(edgeOf) });
  const found = (of: EdgeId) => stored.find((edge) => edge.from === of.from && edge.to === of.to)!;
  const records: PageCommit['records'] = Object.entries(objects).flatMap(([id, object]) => {
    const { num, hash, known: isKnown, tombstoned } = known.get(id)!;
    const body = JSON.stringify(object);
    const live = isKnown && !tombstoned;
    return live && hash === hashOf(body)
      ? []
      : [{ num, id, body, hash: hashOf(body), change: live ? ('updated' as const) : isKnown ? ('returned' as const) : ('added' as const) }];
  });
  const asset = { class: 'user', mapHash: 'map' } as const;
  const seenKnown = (ids: readonly string[]) => ids.flatMap((id) => (known.get(id)!.known ? [known.get(id)!.num] : []));
  const present = edges.map((pair) => found(edgeOf(pair)));
  return {
    ...place,
    walk,
    page,
    steps: [],
    ...(told.cursor === undefined ? {} : { cursor: told.cursor }),
    records,
    assets: await withChanges(database, place.run, mapped ? records.map(({ body, ...of }) => ({ ...of, ...asset, document: body })) : []),
    evidence: records.flatMap(({ num, id }) =>
      objects[id]?.['finding'] === undefined ? [] : [{ num, ...evidenceOf(objects[id], scored) }],
    ),
    covered: [],
    identities: records.map(({ num, id }) => ({ num, keys: keysIn(objects[id]?.['keys']) })),
    include: null,
    removals: true,
    edges: present.filter((edge) => !edge.known).map((edge) => ({ ...edge, properties: null, change: 'added' as const })),
    removed: {
      records: gone.flatMap((id) => (known.get(id)!.known && !known.get(id)!.tombstoned ? [known.get(id)!.num] : [])),
      edges: goneEdges.map((pair) => found(edgeOf(pair))).flatMap((edge) => (edge.known ? [edge.num] : [])),
    },
    seen: {
      records: [...Object.keys(objects).map((id) => known.get(id)!.num), ...seenKnown(rejects)],
      edges: present.map((edge) => edge.num),
    },
    stale: {
      begins: seenKnown(rejects),
      ends: Object.keys(objects).flatMap((id) => (known.get(id)!.asset?.stale === true ? [known.get(id)!.num] : [])),
    },
    rejects: rejects.map((id): Reject => ({ id, code: 'MAPPING_FAILED', reason: 'asset.name: required' })),
    progress: {
      read: Object.keys(objects).length + gone.length + rejects.length,
      requests: 1,
      bytes: 100,
      throttledMs: 0,
      workedMs: 10,
      passedOver: 0,
      collection: null,
      fresh: true,
    },
  };
}

/** By rule, as the test's object has them. */
const keysIn = (keys: unknown): { readonly rule: string; readonly key: string }[] =>
  Object.entries(typeof keys === 'object' && keys !== null ? keys : {}).map(([rule, key]) => ({ rule, key: String(key) }));

export const edgeOf = ([from, to]: readonly [string, string]): EdgeId => ({ kind: 'member', from, to, key: '' });

/** A whole full run of one stream with these objects, on one page. */
export async function fullRun(
  database: Database,
  connection: string,
  told: Told,
  mode: Mode & ('full' | 'delta') = 'full',
): Promise<RunReport> {
  const run = await drive(database, { connection, mode, streams: [pin('users')] });
  await run.walk('users');
  await run.page('users', { cursor: `cursor of ${run.run}`, ...told });
  await run.end('users');
  await run.settle('users');
  return run.finish();
}

/** The ids of the live records of a stream. */
export async function liveIds(database: Database, connection: string, stream = 'users'): Promise<string[]> {
  const rows = await database.query<{ id: string }>(
    'select id from record where connection = $1 and stream = $2 and tombstoned_at is null order by id',
    [connection, stream],
  );
  return rows.map(({ id }) => id);
}

/** As the test's object has them. */
const scored: Score = ({ severity = 3, qds = 50 }) => ({ severity: Number(severity), qds: Number(qds) });
