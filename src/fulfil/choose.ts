// Which open orders go out next. Pure. Orders on the same object keep their order; others may go side by side.
import { mostBound } from './request.ts';
import type { Order } from './order.ts';

/** An order with what is known of whom it names. */
export interface Placed {
  readonly order: Order;
  /** The object's id; null while it has none, or nobody has asked for it. */
  readonly object: string | null;
  readonly member: string | null;
  /** What it changes, by every name that other orders may use for it. */
  readonly writes: readonly string[];
  /** What has to be there for it. */
  readonly reads: readonly string[];
  /** Milliseconds until it may go out. */
  readonly waitMs: number;
  /** Whether an order before it has to end first. */
  readonly blocked: boolean;
}

/** Orders that one request writes: several only where members are added to one group. */
export type Unit = readonly Placed[];

export interface Choice {
  readonly units: readonly Unit[];
  /** When something may go out that cannot now; null: nothing waits for its time. */
  readonly waitMs: number | null;
}

/** At most `most` units, from the first on. What has to wait keeps back whatever comes after it on the same object. */
export function choose(open: readonly Placed[], most: number): Choice {
  const written = new Set<string>();
  const read = new Set<string>();
  const bundles = new Map<string, Placed[]>();
  const units: Placed[][] = [];
  let waitMs: number | null = null;
  for (const placed of ownersFirst(open)) {
    const bundle = joinable(placed) ? bundles.get(placed.writes[0] ?? '') : undefined;
    const free = isFree(placed, { written, read });
    if (bundle !== undefined && bundle.length < mostBound && placed.waitMs <= 0 && mayJoin(placed, bundle, written)) {
      bundle.push(placed);
    } else {
      // Whatever else touches the object comes after it.
      for (const name of placed.writes) bundles.delete(name);
      if (free && !placed.blocked && placed.waitMs > 0) waitMs = Math.min(waitMs ?? Infinity, placed.waitMs);
      if (free && !placed.blocked && placed.waitMs <= 0 && units.length < most) {
        const unit = [placed];
        units.push(unit);
        if (joinable(placed)) bundles.set(placed.writes[0] ?? '', unit);
      }
    }
    placed.writes.forEach((name) => written.add(name));
    placed.reads.forEach((name) => read.add(name));
  }
  return { units, waitMs };
}

function isFree(
  { writes, reads }: Placed,
  { written, read }: { readonly written: ReadonlySet<string>; readonly read: ReadonlySet<string> },
): boolean {
  return !writes.some((name) => written.has(name) || read.has(name)) && !reads.some((name) => written.has(name));
}

const joinable = ({ order, object }: Placed): boolean => order.action === 'addMember' && order.type === 'group' && object !== null;

function mayJoin({ member, reads, blocked }: Placed, bundle: readonly Placed[], written: ReadonlySet<string>): boolean {
  if (blocked || member === null || bundle.some((other) => other.member === member)) return false;
  return !reads.some((name) => written.has(name));
}

/** Of a run of owner orders on one object those that add come first, so that it never has none: unless they are about the same owner. */
function ownersFirst(open: readonly Placed[]): readonly Placed[] {
  const result = [...open];
  const runs = new Map<string, number[]>();
  const settle = (positions: readonly number[]): void => {
    const placed = positions.flatMap((position) => open[position] ?? []);
    if (new Set(placed.map(({ order }) => order.member)).size < placed.length) return;
    const sorted = placed.toSorted(
      (one, other) => Number(one.order.action === 'removeOwner') - Number(other.order.action === 'removeOwner'),
    );
    sorted.forEach((moved, index) => (result[positions[index] ?? 0] = moved));
  };
  open.forEach(({ order, writes }, position) => {
    const object = writes[0] ?? '';
    const isOwner = order.action === 'addOwner' || order.action === 'removeOwner';
    if (isOwner) runs.set(object, [...(runs.get(object) ?? []), position]);
    else {
      settle(runs.get(object) ?? []);
      runs.delete(object);
    }
  });
  for (const positions of runs.values()) settle(positions);
  return result;
}
