// A run over an estate of Azure with its container registries, against reading the same rows raw; and a second one, which finds all of it known.
import type { SeenRequest } from '../simulator/server.ts';
import { measureRaw, type RawFigures } from './rawEstate.ts';
import { type EstateSize, estateOf, truthOf } from './support/estate.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { startMeasuredPostgres } from './support/postgres.ts';
import { measureRun, type MeasuredRun } from './support/runs.ts';

const connection = 'bench-cloud';
interface Requests {
  readonly resourceGraph: number;
  readonly manifests: number;
  /** Where a blob lies, and the blob. */
  readonly blobs: number;
  /** Of the sign-in and of registries. */
  readonly tokens: number;
}

interface RunFigures {
  readonly wallMs: number;
  readonly requests: Requests;
  /** Records that it wrote, and findings. */
  readonly records: number;
  readonly findings: number;
  readonly statements: number;
  /** PostgreSQL's in statements, and the worker's processor's, in milliseconds. */
  readonly databaseMs: number;
  readonly cpuMs: number;
  readonly history: MeasuredRun['history'];
}

export interface DefenderFigures {
  readonly size: EstateSize;
  readonly first: RunFigures;
  readonly again: RunFigures;
  readonly raw: RawFigures;
  /** Open in the inventory, and in the estate by plain count. */
  readonly open: { readonly stored: number; readonly there: number };
  /** Images whose content is known, and those that findings name. */
  readonly images: { readonly known: number; readonly named: number };
  /** Digests that were fetched more than once, in both runs together. */
  readonly fetchedTwice: number;
  /** Digests that the second run fetched. */
  readonly fetchedAgain: number;
  /** The most that the worker held. */
  readonly peakBytes: number;
}

/** Whether nothing was lost, doubled, fetched again or written again. */
export function isKept({ open, images, fetchedTwice, fetchedAgain, again }: DefenderFigures): boolean {
  const same = open.stored === open.there && images.known === images.named;
  return same && fetchedTwice === 0 && fetchedAgain === 0 && again.records === 0 && again.findings === 0;
}

export async function measureDefender(size: EstateSize, note: (line: string) => void): Promise<DefenderFigures> {
  const postgres = await startMeasuredPostgres();
  const stops: (() => Promise<void>)[] = [() => postgres.stop()];
  try {
    note('Starting a simulator, Temporal and a worker.');
    const of = await startInstallation(postgres.url, 1, estateOf(size));
    stops.push(() => of.stop());
    note('A first run.');
    const first = await measureRun(of, { full: false, connection });
    note(`It took ${Math.round(first.wallMs)} ms. Reading the same rows raw.`);
    const raw = await measureRaw(of, first.requests);
    note('A second run.');
    const again = await measureRun(of, { full: false, connection });
    note('Counting what there is.');
    const truth = await truthOf(of.simulator);
    const fetched = [...digestsOf(first.requests), ...digestsOf(again.requests)];
    return {
      size,
      first: await figuresOf(of, first),
      again: await figuresOf(of, again),
      raw,
      open: {
        stored: await count(of, `select count(*) as count from finding where status = 'open'`),
        there: truth.open,
      },
      images: { known: await count(of, 'select count(*) as count from image'), named: truth.images },
      fetchedTwice: fetched.length - new Set(fetched).size,
      fetchedAgain: digestsOf(again.requests).length,
      peakBytes: of.worker.peakBytes(),
    };
  } finally {
    for (const stop of stops.toReversed()) await stop();
    note('All is stopped.');
  }
}

async function figuresOf(of: Installation, { report, requests, ...measured }: MeasuredRun): Promise<RunFigures> {
  const { wallMs, statements, databaseMs, cpuMs, history } = measured;
  const run = Number(report.run.slice(report.run.lastIndexOf(':') + 1));
  return {
    wallMs,
    requests: countKinds(requests),
    records: report.streams.reduce((sum, { added, updated, removedBySource, swept }) => sum + added + updated + removedBySource + swept, 0),
    findings: await count(of, 'select count(*) as count from finding where changed_run = $1', [run]),
    statements,
    databaseMs,
    cpuMs,
    history,
  };
}

const kinds: Readonly<Partial<Record<SeenRequest['phase'], keyof Requests>>> = {
  query: 'resourceGraph',
  subscriptions: 'resourceGraph',
  manifest: 'manifests',
  blob: 'blobs',
  storage: 'blobs',
};

function countKinds(requests: readonly SeenRequest[]): Requests {
  const counts = { resourceGraph: 0, manifests: 0, blobs: 0, tokens: 0 };
  for (const { phase } of requests) counts[kinds[phase] ?? 'tokens'] += 1;
  return counts;
}

/** Answered ones: manifests, and blobs, which the registry answers by telling where they lie. */
function digestsOf(requests: readonly SeenRequest[]): string[] {
  return requests.flatMap(({ phase, status, path }) =>
    (phase === 'manifest' || phase === 'blob') && status < 400 ? [path.slice(path.lastIndexOf('/') + 1)] : [],
  );
}

async function count({ database }: Installation, sql: string, params: readonly number[] = []): Promise<number> {
  const [row] = await database.query<{ count: number }>(sql, [...params]);
  return row?.count ?? Number.NaN;
}
