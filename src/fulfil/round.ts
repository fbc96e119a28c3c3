// One round of writing: which of the open orders go out now, after those that nothing has to be sent for (design 5).
import { askNames, type Fault, type Found, placeOrders, type Work } from './place.ts';
import { openOrders, saveOutcomes } from '../store/ledger.ts';
import { choose, type Unit } from './choose.ts';
import { refusedBefore } from './refuse.ts';
import { errored } from './outcomes.ts';
import { type RoundDependencies, type RoundOptions, Sending } from './sending.ts';

export type RoundResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'more'; readonly ended: number }
  | { readonly kind: 'wait'; readonly waitMs: number };

const windowSize = 400;
/** Four batches side by side. */
const requestsAtOnce = 80;

/** @throws retried codes, when the source or the database stays away; STALE_ATTEMPT. What was noted stays. */
export async function writeRound(dependencies: RoundDependencies, options: RoundOptions): Promise<RoundResult> {
  const { database, writer } = dependencies;
  const { lease } = options;
  const rows = await openOrders(database, lease, windowSize);
  if (rows.length === 0) return { kind: 'done' };

  const place = (found: Awaited<ReturnType<typeof askNames>>): Promise<Work[]> => placeOrders(database, lease.connection, rows, found);
  const first = await place(new Map());
  const faulty = first.filter(({ fault, blocked }) => fault !== null && !blocked);
  if (faulty.length > 0) {
    await saveOutcomes(
      database,
      lease,
      faulty.map((work) => errored(work, work.fault ?? unknownFault)),
    );
    return { kind: 'more', ended: faulty.length };
  }
  const names = worksOf(choose(first, requestsAtOnce).units, first).flatMap(({ asks }) => asks ?? []);
  const found = names.length === 0 ? new Map<string, Found | null>() : await askNames(writer, names, options);
  const works = names.length === 0 ? first : await place(found);
  const nameless = works.filter(({ fault, blocked }) => fault !== null && !blocked);
  const refused = new Map<Work, Fault>(nameless.map((work) => [work, work.fault ?? unknownFault]));
  const { units, waitMs } = choose(
    works.filter((work) => !refused.has(work)),
    requestsAtOnce,
  );
  const ready = units.map((unit) => worksOf([unit], works)).filter((unit) => unit.every(({ asks }) => asks === null));
  const before = await refusedBefore(database, lease.connection, ready.flat(), { protection: options.protection, found });
  for (const [work, fault] of before) refused.set(work, fault);
  if (refused.size > 0)
    await saveOutcomes(
      database,
      lease,
      [...refused].map(([work, fault]) => errored(work, fault)),
    );

  const going = ready.map((unit) => unit.filter((work) => !refused.has(work))).filter((unit) => unit.length > 0);
  if (going.length === 0) return refused.size > 0 ? { kind: 'more', ended: refused.size } : { kind: 'wait', waitMs: waitMs ?? 1_000 };
  const sending = new Sending(dependencies, options);
  const outcomes = await sending.send(going);
  const over = outcomes.filter(({ state }) => state === 'executed' || state === 'errored' || state === 'skipped');
  if (sending.failure !== null) throw sending.failure;
  return { kind: 'more', ended: over.length + refused.size };
}

const unknownFault: Fault = { code: 'ORDER_INVALID', message: 'the order cannot be read' };

/** The works of units: `choose` answers what it was given. */
function worksOf(units: readonly Unit[], works: readonly Work[]): Work[] {
  const chosen = new Set(units.flatMap((unit) => unit.map(({ order }) => order.id)));
  return works.filter(({ row }) => chosen.has(row.id));
}
