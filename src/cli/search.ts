// What the verbs that search documents have in common: the query within a connection and a class, and what is said of a connection that is not there.
import { assetClasses } from '../connectors/index.ts';
import { TidemarkError } from '../errors.ts';
import { findingClasses } from '../model.ts';
import type { Subject } from '../query/fields.ts';
import { parseQuery } from '../query/parse.ts';
import { type CompiledSearch, compileSearch } from '../query/search.ts';
import type { Connection } from '../store/connection.ts';
import type { Documents } from './documents.ts';
import type { Output } from './output.ts';

interface Within {
  readonly connection?: string;
  readonly class?: string;
}

/** What can be said before a server is asked. @throws CONFIG_INVALID for a query that cannot be read, or a class that does not exist. */
export function checkSearch(query: string | undefined, { class: ofClass }: Within, subject: Subject = 'assets'): void {
  if (ofClass !== undefined) requireClass(ofClass, subject);
  parseQuery(query ?? '');
}

/** By the maps in use, which say what fields there are. @throws CONFIG_INVALID for a field that none of them fills. */
export function searchOf(
  query: string | undefined,
  { connection, class: ofClass }: Within,
  { maps }: Pick<Documents, 'maps'>,
  subject: Subject = 'assets',
): CompiledSearch {
  const within = { ...(connection === undefined ? {} : { connection }), ...(ofClass === undefined ? {} : { class: ofClass }) };
  return compileSearch(query ?? '', { within, maps, subject });
}

export function noteUnlessPresent(output: Output, connections: readonly Connection[], name: string | undefined): void {
  if (name === undefined || connections.some((connection) => connection.name === name)) return;
  output.note(`There is no connection "${name}" now; what it left behind is searched.`);
}

function requireClass(name: string, subject: Subject): void {
  const classes = subject === 'assets' ? assetClasses() : findingClasses;
  if (classes.some((known) => known === name)) return;
  throw new TidemarkError('CONFIG_INVALID', `There is no ${subject === 'assets' ? 'asset' : 'finding'} class "${name}".`, {
    hint: `Classes: ${classes.join(', ')}.`,
  });
}
