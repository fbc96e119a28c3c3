// Rows by arithmetic: a strand is a run of resources of one kind, each with the same slots for rows. The row at a position follows from the position.
// MUST hold no rows: a table of 500,000 is counted and cut without making one.
import type { JsonObject } from '../../src/model.ts';

/** Rows of one make: what is the same in all of them, and how one is made. */
export interface Slot {
  readonly key: string;
  /** Part of every row of the slot; conditions that are decided by it need no row. */
  readonly fixed: JsonObject;
  /** Whether a resource has no such row from the beginning. @default all have it */
  readonly isAbsent?: (resource: number) => boolean;
  row(resource: number): JsonObject;
}

export interface Strand {
  readonly name: string;
  readonly table: 'resources' | 'securityresources';
  /** The kind of its resources: those that are gone are told by it. */
  readonly kind: string;
  /** The resource at a position is number position × every of its kind. */
  readonly every: number;
  /** How many resources there are, created ones included, and those that are gone. */
  count(): number;
  /** The subscription, by position, of each resource: never falling. */
  subscriptionOf(resource: number): number;
  /** In the order of their rows' ids. */
  slots(): readonly Slot[];
  /** The resource that an id may name; absent where ids are not looked up. */
  readonly find?: (id: string) => number | null;
}

/** Rows in order, made when they are asked for. */
export interface Run {
  readonly count: number;
  rowAt(index: number): JsonObject;
}

/** Positions of a strand in rising order, resource × slots + place among the slots: only these, or all but these. */
export interface Picked {
  readonly kind: 'these' | 'others';
  readonly positions: readonly number[];
}

/** The picked rows of these slots, of resources `from` up to `to`. */
export function runOf(slots: readonly Slot[], from: number, to: number, { kind, positions }: Picked): Run {
  const start = from * slots.length;
  const end = to * slots.length;
  const first = lowerBound(positions, start);
  const inside = lowerBound(positions, end) - first;
  return kind === 'these'
    ? { count: inside, rowAt: (index) => rowOf(slots, positions[first + index] ?? -1) }
    : { count: end - start - inside, rowAt: (index) => rowOf(slots, nthOutside(positions, first, start + index)) };
}

export function rowOf(slots: readonly Slot[], position: number): JsonObject {
  const slot = slots[position % slots.length];
  if (slot === undefined) throw new Error('There is no row at this position.');
  return slot.row(Math.floor(position / slots.length));
}

/** The position that is reached from `start` when the left out ones, from the `at`-th on, are not counted. */
function nthOutside(leftOut: readonly number[], at: number, start: number): number {
  let low = at;
  let high = leftOut.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((leftOut[middle] ?? 0) - (middle - at) <= start) low = middle + 1;
    else high = middle;
  }
  return start + (low - at);
}

/** How many of the rising numbers are less than the value. */
function lowerBound(numbers: readonly number[], value: number): number {
  return firstWhere(numbers.length, (index) => (numbers[index] ?? 0) >= value);
}

/** The first index from 0 up to `count` that passes, where all after it pass too. */
export function firstWhere(count: number, passes: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passes(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
