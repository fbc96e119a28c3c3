// What the operators after the first conditions make of rows: columns, orders and limits.
import type { Json, JsonObject } from '../../src/model.ts';
import { textOf, unknown, valueOf } from './kql/evaluate.ts';
import type { Column, Expression, Operator, Query } from './kql/tree.ts';
import type { Run } from './strands.ts';

/** All rows that a query finds in some subscriptions, in the order it asks for. */
export interface View extends Run {
  /** Whether its order is that of ids, so that pages neither repeat nor lose rows. */
  readonly stable: boolean;
}

export const isId = (expression: Expression): boolean => expression.kind === 'path' && expression.steps.join('.') === 'id';

/** The rows with the operators applied to them in turn. */
export function applied(base: Run, operators: readonly Operator[]): View {
  let view: View = { ...base, stable: false };
  for (const operator of operators) view = apply(view, operator);
  return view;
}

function apply(view: View, operator: Operator): View {
  switch (operator.kind) {
    case 'project':
      return { ...view, rowAt: (index) => columnsOf(operator.columns, view.rowAt(index)) };
    case 'extend':
      return { ...view, rowAt: (index) => extended(operator.columns, view.rowAt(index)) };
    case 'take':
      return { ...view, count: Math.min(view.count, operator.count) };
    case 'where':
      return made(
        all(view).filter((row) => valueOf(operator.condition, row) === true),
        view.stable,
      );
    case 'order': {
      const [first] = operator.by;
      if (first !== undefined && !first.descending && isId(first.of)) return { ...view, stable: true };
      const sorted = all(view).toSorted((a, b) => {
        for (const { of: key, descending } of operator.by) {
          const order = compare(known(valueOf(key, a)), known(valueOf(key, b)));
          if (order !== 0) return descending ? -order : order;
        }
        return 0;
      });
      return made(
        sorted,
        operator.by.some(({ of: key }) => isId(key)),
      );
    }
  }
}

const known = (value: Json | typeof unknown): Json => (value === unknown ? null : value);
const all = (run: Run): JsonObject[] => Array.from({ length: run.count }, (_, index) => run.rowAt(index));
const compare = (a: Json, b: Json): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : textOf(a) < textOf(b) ? -1 : textOf(a) > textOf(b) ? 1 : 0;

function made(rows: readonly JsonObject[], stable: boolean): View {
  return {
    count: rows.length,
    stable,
    rowAt(index) {
      const row = rows[index];
      if (row === undefined) throw new Error('There is no row at this index.');
      return row;
    },
  };
}

type Columns = readonly Column[];

function columnsOf(columns: Columns, row: JsonObject): JsonObject {
  return Object.fromEntries(columns.map(({ name, value }) => [name, known(valueOf(value, row))]));
}

/** Each column may use those before it. */
function extended(columns: Columns, row: JsonObject): JsonObject {
  return columns.reduce<JsonObject>((so, { name, value }) => ({ ...so, [name]: known(valueOf(value, so)) }), row);
}

/** Whether a page of it can be followed by another: some column is text, and nothing cut it. */
export function isPageable({ operators }: Query): boolean {
  if (operators.some(({ kind }) => kind === 'take')) return false;
  const project = operators.findLast(({ kind }) => kind === 'project');
  return project?.kind !== 'project' || project.columns.some(({ value }) => isText(value));
}

const textColumns = ['id', 'name', 'type', 'tenantId', 'kind', 'location', 'resourceGroup', 'subscriptionId', 'managedBy'];

function isText(value: Expression): boolean {
  if (value.kind === 'path') return value.steps.length === 1 && textColumns.includes(String(value.steps[0]));
  return value.kind === 'literal' || (value.kind === 'call' && ['tolower', 'toupper', 'tostring', 'strcat'].includes(value.name));
}
