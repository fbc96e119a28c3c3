// Everything that is measured of one size of tenant, in the order in which it is measured.
import { measureLimit } from './limit.ts';
import { type AllowedRequests, allowedDeviceRequests, allowedRequests } from './requests.ts';
import type { ConnectionName, Installation } from './support/installation.ts';
import { type MeasuredRun, measureRun, requestsByStream } from './support/runs.ts';
import { type Spread, spreadOf } from './support/statistics.ts';

/** Counted by the simulator, and what the tenant's shape allows. The sign-in is counted apart: a token lasts an hour. */
interface Requests {
  readonly counted: number;
  readonly allowed: number;
  readonly signIn: number;
}

export interface FullFigures {
  readonly requests: Requests;
  readonly quiet: Requests;
  /** The first pull, which writes everything, in milliseconds. */
  readonly wallMs: number;
  /** The delta that found nothing. */
  readonly quietMs: number;
  /** A second one, which finds nothing changed. */
  readonly againMs: number;
  /** The same pages by the shortest way, in milliseconds. */
  readonly limitMs: number;
  readonly history: MeasuredRun['history'];
  readonly pages: number;
  readonly statements: number;
  readonly writtenBytes: number;
}

export interface DeltaFigures {
  readonly wallMs: Spread;
  /** Blocks of 8 KB that PostgreSQL looked at. */
  readonly blocks: Spread;
  readonly history: MeasuredRun['history'];
}

const changesOfADelta = 100;

/** Users, groups, roles and app role assignments. */
export function measureFull(of: Installation): Promise<FullFigures> {
  return measure(of, 'bench', allowedRequests(of.shape));
}

export function measureDevices(of: Installation): Promise<FullFigures> {
  return measure(of, 'bench-devices', allowedDeviceRequests(of.shape));
}

/** Pulls a tenant in full for the first time, then by a delta without changes, and in full again. */
async function measure(of: Installation, connection: ConnectionName, allowed: AllowedRequests): Promise<FullFigures> {
  const first = await measureRun(of, { full: false, connection });
  const limitMs = await measureLimit(of, first.requests);
  const quiet = await measureRun(of, { full: false, connection });
  const again = await measureRun(of, { full: true, connection });
  return {
    requests: requestsOf(first, allowed.full),
    quiet: requestsOf(quiet, allowed.quietDelta),
    wallMs: first.wallMs,
    quietMs: quiet.wallMs,
    againMs: again.wallMs,
    limitMs,
    history: first.history,
    pages: first.report.streams.reduce((pages, stream) => pages + stream.pages, 0),
    statements: first.statements,
    writtenBytes: first.writtenBytes,
  };
}

function requestsOf({ requests }: MeasuredRun, allowed: number): Requests {
  const signIn = requestsByStream(requests).get('sign-in') ?? 0;
  return { counted: requests.length - signIn, allowed, signIn };
}

/** Deltas of the same number of changes, tenant by tenant in turns, so that what else the machine does meets all alike. */
export async function measureDeltas(installations: readonly Installation[], rounds: number): Promise<DeltaFigures[]> {
  const runs: MeasuredRun[][] = installations.map(() => []);
  // One more round than is counted: the first one warms up.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, installation] of installations.entries()) {
      await installation.simulator.mutate(changesOfADelta);
      const run = await measureRun(installation, { full: false });
      if (round > 0) runs[index]?.push(run);
    }
  }
  return runs.map((measured) => ({
    wallMs: spreadOf(measured.map(({ wallMs }) => wallMs)),
    blocks: spreadOf(measured.map(({ blocks }) => blocks)),
    history: {
      events: Math.max(...measured.map(({ history }) => history.events)),
      bytes: Math.max(...measured.map(({ history }) => history.bytes)),
    },
  }));
}
