// What a query finds, by arithmetic where its conditions are decided by the kind of row; rows are made only for what is shown, or where each must be looked at.
import type { JsonObject } from '../../src/model.ts';
import type { Estate } from './estate.ts';
import { unknown, valueOf } from './kql/evaluate.ts';
import type { Expression, Query } from './kql/tree.ts';
import { applied, isId, type View } from './operators.ts';
import { firstWhere, type Picked, type Run, rowOf, runOf, type Slot, type Strand } from './strands.ts';

/** The subscriptions by their positions, in rising order. */
export function viewOf(estate: Estate, { table, operators }: Query, subscriptions: readonly number[]): View {
  const first = operators.findIndex(({ kind }) => kind !== 'where');
  const conditions = operators
    .slice(0, first < 0 ? operators.length : first)
    .flatMap((one) => (one.kind === 'where' ? [one.condition] : []));
  const base = joined(
    estate.strands(table).flatMap((strand) => runsOf(estate, strand, conditions)),
    subscriptions,
  );
  return applied(base, first < 0 ? [] : operators.slice(first));
}

interface Part {
  readonly strand: Strand;
  readonly slots: readonly Slot[];
  readonly picked: Picked;
}

function runsOf(estate: Estate, strand: Strand, conditions: readonly Expression[]): Part[] {
  const slots = strand.slots().filter(({ fixed }) => decide(conditions, fixed, true) !== false);
  if (slots.length === 0) return [];
  const picked = lookedUp(estate, strand, slots, conditions) ?? chosen(estate, strand, slots, conditions);
  return [{ strand, slots, picked }];
}

/** Whether all conditions hold. */
function decide(conditions: readonly Expression[], row: JsonObject, partial: boolean): boolean | typeof unknown {
  let all: boolean | typeof unknown = true;
  for (const condition of conditions) {
    const value = valueOf(condition, row, partial);
    if (value === unknown) all = unknown;
    else if (value !== true) return false;
  }
  return all;
}

function chosen(estate: Estate, strand: Strand, slots: readonly Slot[], conditions: readonly Expression[]): Picked {
  if (slots.every(({ fixed }) => decide(conditions, fixed, true) === true))
    return { kind: 'others', positions: estate.absent(strand, slots) };
  return {
    kind: 'these',
    positions: matching(
      estate,
      strand,
      slots,
      conditions,
      Array.from({ length: strand.count() }, (_, resource) => resource),
    ),
  };
}

function matching(
  estate: Estate,
  strand: Strand,
  slots: readonly Slot[],
  conditions: readonly Expression[],
  resources: Iterable<number>,
): number[] {
  const found: number[] = [];
  for (const resource of resources) {
    slots.forEach((slot, place) => {
      if (!estate.has(strand, slot, resource)) return;
      const position = resource * slots.length + place;
      if (decide(conditions, rowOf(slots, position), false) === true) found.push(position);
    });
  }
  return found;
}

/** Rows asked for by their ids are not searched for. */
function lookedUp(estate: Estate, strand: Strand, slots: readonly Slot[], conditions: readonly Expression[]): Picked | null {
  const ids = conditions.map(idsOf).find((found) => found !== null);
  if (ids === undefined || ids === null || strand.find === undefined) return null;
  const find = strand.find;
  const resources = [...new Set(ids.flatMap((id) => find(id) ?? []))]
    .filter((resource) => resource < strand.count())
    .toSorted((a, b) => a - b);
  return { kind: 'these', positions: matching(estate, strand, slots, conditions, resources) };
}

function idsOf(condition: Expression): string[] | null {
  if (condition.kind === 'comparison' && ['==', '=~'].includes(condition.operator) && isId(condition.left))
    return literals([condition.right]);
  if (condition.kind === 'membership' && ['in', 'in~'].includes(condition.operator) && isId(condition.left))
    return literals(condition.values);
  return null;
}

function literals(values: readonly Expression[]): string[] | null {
  const texts = values.flatMap((value) => (value.kind === 'literal' ? [String(value.value)] : []));
  return texts.length === values.length ? texts : null;
}

/** Subscription after subscription, and strand after strand in each: that is the order of ids. */
function joined(parts: readonly Part[], subscriptions: readonly number[]): Run {
  const runs: Run[] = [];
  const ends: number[] = [];
  let count = 0;
  for (const subscription of subscriptions) {
    for (const { strand, slots, picked } of parts) {
      const total = strand.count();
      const from = firstWhere(total, (resource) => strand.subscriptionOf(resource) >= subscription);
      const to = firstWhere(total, (resource) => strand.subscriptionOf(resource) > subscription);
      const run = runOf(slots, from, to, picked);
      if (run.count === 0) continue;
      count += run.count;
      runs.push(run);
      ends.push(count);
    }
  }
  return {
    count,
    rowAt(index) {
      const at = firstWhere(ends.length, (run) => (ends[run] ?? 0) > index);
      const run = runs[at];
      if (run === undefined) throw new Error('There is no row at this index.');
      return run.rowAt(index - ((ends[at] ?? 0) - run.count));
    },
  };
}
