// One slice of a file's orders: rounds until enough have ended, the time is up, or all wait. All that a crash must not lose is in the ledger (I12).
import { fulfilOf } from '../connectors/identity-manager/fulfil.ts';
import { readSpec } from '../connectors/spec.ts';
import { asTidemarkError, codes, TidemarkError } from '../errors.ts';
import { failpoint } from '../failpoint.ts';
import { readProtection } from '../fulfil/refuse.ts';
import { type RoundResult, writeRound } from '../fulfil/round.ts';
import { getConnection } from '../store/connection.ts';
import { giveLease, type Lease, takeLease } from '../store/ledger.ts';
import { countOrders, type OrderCounts } from '../store/orderFile.ts';
import type { Shared } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { WriteOrdersRequest, WrittenOrders } from './types.ts';

/** Orders a slice ends at most, so that the workflow can tell how far it is. */
const ordersPerSlice = 500;
/** Asked again after this while another file of the connection is being written. */
const turnMs = 2_000;
/** A batch whose wait is longer is not sent now: nothing of it is under way then. */
const longestHoldMs = 10_000;

/** May be called again at any time. @throws retried codes; STALE_ATTEMPT when another attempt has taken over; CONFIG_INVALID. */
export async function writeOrders(shared: Shared, request: WriteOrdersRequest): Promise<WrittenOrders> {
  const { database } = shared;
  const { connection, file, timings } = request;
  const lease = await takeLease(database, connection, file);
  if (lease === null) {
    throw new TidemarkError('RUN_WAITING', `Another file of orders of "${connection}" is being written.`, { retryAfterMs: turnMs });
  }
  let last: RoundResult;
  try {
    last = await withHeartbeat(timings, shared.draining, ({ signal, alive }) => slice(shared, { request, lease, signal, alive }));
  } catch (error) {
    // What is not tried again ends the workflow: the next file need not wait for it.
    if (!codes[asTidemarkError(error).code].retried) await giveLease(database, lease);
    throw error;
  }
  if (last.kind === 'done') {
    await giveLease(database, lease);
    failpoint('orders.ended');
  }
  const orders: OrderCounts | null = await countOrders(database, { connection, file });
  return {
    kind: last.kind,
    waitMs: last.kind === 'wait' ? last.waitMs : 0,
    orders: orders ?? { total: 0, executed: 0, errored: 0, skipped: 0, waiting: 0 },
  };
}

interface Slice {
  readonly request: WriteOrdersRequest;
  readonly lease: Lease;
  readonly signal: AbortSignal;
  readonly alive: (waitMs?: number) => void;
}

async function slice(shared: Shared, { request, lease, signal, alive }: Slice): Promise<RoundResult> {
  const { database, credentials } = shared;
  const { connection, timings } = request;
  const stored = await getConnection(database, connection);
  if (stored === null) throw new TidemarkError('CONFIG_INVALID', `There is no connection "${connection}" any more.`);
  if (stored.saved?.paused === true) {
    throw new TidemarkError('CONFIG_INVALID', `Connection "${connection}" is paused: its orders are not written.`, {
      hint: `"tidemark resume ${connection}", and send the file again: what was written is not written twice.`,
    });
  }
  const spec = readSpec(stored.spec);
  const settings = fulfilOf(spec);
  const writer = shared.sources.writerFor(spec);
  // What is under way is not cut off by a worker that drains: its answer would be lost.
  const whole = { signal: new AbortController().signal, alive, longestWaitMs: longestHoldMs };
  const protection = await readProtection({ database, writer }, connection, settings.protected, whole);
  const until = performance.now() + timings.sliceMs;
  const reveal = (reference: string): Promise<string> => credentials.reveal(spec, reference);
  let ended = 0;
  for (;;) {
    const result = await writeRound({ database, writer, reveal }, { ...whole, lease, settings, protection, timings });
    alive();
    if (result.kind !== 'more') return result;
    ended += result.ended;
    if (ended >= ordersPerSlice || signal.aborted || performance.now() > until) return { kind: 'more', ended };
  }
}
