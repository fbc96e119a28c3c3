// What the verbs that search documents have in common: their conditions, and what is said of a connection that is not there.
import { assetClasses } from '../connectors/index.ts';
import { TidemarkError } from '../errors.ts';
import { type CompiledQuery, compileQuery } from '../query/compile.ts';
import type { Connection } from '../store/connection.ts';
import type { Parameter } from '../store/database.ts';
import type { Output } from './output.ts';

export interface Conditions extends Pick<CompiledQuery, 'columns'> {
  /** As searches take it (AssetSearch.where). */
  readonly where: string;
  readonly params: readonly Parameter[];
}

/** @throws CONFIG_INVALID for a query that cannot be read, or a class that does not exist. */
export function conditionsOf(query: string | undefined, options: { readonly connection?: string; readonly class?: string }): Conditions {
  const { sql, params: given, columns } = compileQuery(query ?? '');
  if (options.class !== undefined) requireClass(options.class);
  const params: Parameter[] = [...given];
  const conditions = [`(${sql})`];
  for (const [column, value] of [
    ['r.connection', options.connection],
    ['a.class', options.class],
  ] as const) {
    if (value !== undefined) conditions.push(`${column} = $${params.push(value)}`);
  }
  return { where: conditions.join(' and '), params, columns };
}

export function noteUnlessPresent(output: Output, connections: readonly Connection[], name: string | undefined): void {
  if (name === undefined || connections.some((connection) => connection.name === name)) return;
  output.note(`There is no connection "${name}" now; what it left behind is searched.`);
}

/** @throws CONFIG_INVALID when no connector has assets of it. */
export function requireClass(name: string): void {
  const classes = assetClasses();
  if (classes.some((known) => known === name)) return;
  throw new TidemarkError('CONFIG_INVALID', `There is no asset class "${name}".`, { hint: `Classes: ${classes.join(', ')}.` });
}
