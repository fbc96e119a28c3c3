// Azure Resource Graph as a Source: its collections are named queries, their links positions in them. Knows no stream and no connector.
// https://learn.microsoft.com/azure/governance/resource-graph/overview
import type { QueryDefinition } from '../../connectors/queryDefinition.ts';
import { TidemarkError } from '../../errors.ts';
import { type Ask, createAsk } from '../ask.ts';
import { type Budget, createBudget } from '../budget.ts';
import { parseBase } from '../graphLinks.ts';
import type { Http } from '../http.ts';
import type { FetchOptions, Source, SourcePage } from '../source.ts';
import type { TokenProvider } from '../token.ts';
import { dialect } from './errors.ts';
import { join } from './joins.ts';
import { textOf } from './kql.ts';
import { linkOf, type Position, positionOf } from './position.ts';
import { readPage } from './rows.ts';
import { type Scope, Scopes } from './scopes.ts';

export interface ResourceGraphOptions {
  /** E.g. `https://management.azure.com`. */
  readonly base: string;
  /** For the audience of the base. */
  readonly token: TokenProvider;
  readonly http: Http;
  /** What all who ask as this principal share. @default nobody shares it */
  readonly budget?: Budget;
  /** By the path of the collections that they are, limited to findings of these classes of assets; null: of all. */
  readonly queries: (types: readonly string[] | null) => Readonly<Record<string, QueryDefinition>>;
  readonly scope: Scope;
  /** In [0, 1); spreads waits. @default Math.random */
  readonly random?: () => number;
}

export function createResourceGraphSource({ token, http, queries, scope, random = Math.random, ...given }: ResourceGraphOptions): Source {
  const base = parseBase(given.base);
  const ask = createAsk({ dialect, token, http, budget: given.budget ?? createBudget({ random }), random });
  const scopes = new Scopes(base, scope);

  const queryOf = ({ query: name, types }: Pick<Position, 'query' | 'types'>): QueryDefinition => {
    const known = queries(types?.split(',') ?? null);
    const query = Object.hasOwn(known, name) ? known[name] : undefined;
    if (query === undefined) throw new TidemarkError('LINK_REFUSED', 'A link was not followed: it is of no query that there is.');
    return query;
  };

  const page = async (link: string, options: FetchOptions): Promise<SourcePage> => {
    const at = positionOf(base, link);
    const query = queryOf(at);
    const meter = metered(ask);
    const batch = await scopes.batch(at, meter.ask, options);
    const asker = { base, ask: meter.ask, options };
    const { rows, next } = await readPage(asker, { name: at.query, text: textOf(query), batch }, at);
    const { objects, rejects } = query.objects(rows, await join(asker, query, batch, rows));
    const of = { query: at.query, types: at.types };
    const following =
      next !== null
        ? { ...next, ...of, from: batch.ids[0], batch: batch.mark, top: grown(next.top, query.top) }
        : batch.next !== null
          ? { ...of, top: query.top, from: batch.next, rows: 0 }
          : null;
    return { objects, rejects, next: following === null ? null : linkOf(base, following), cursor: null, ...meter.spent };
  };

  return {
    link: ({ path, types }) => {
      const of = { query: path, types: types?.join(',') };
      return linkOf(base, { ...of, top: queryOf(of).top, rows: 0 });
    },
    page,
    gone: () => Promise.reject(notAsked('whether objects are gone')),
    hasMembers: () => Promise.reject(notAsked('whether members exist')),
    // Rights are roles on subscriptions, which no token tells.
    holds: () => Promise.resolve(false),
  };
}

/** A page that was halved grows again slowly: its neighbours may be smaller. */
const grown = (top: number, most: number): number => Math.min(Math.ceil(top * 1.25), most);

interface Spent {
  requests: number;
  bytes: number;
  throttledMs: number;
}

/** The same `ask`, and what was spent by it so far. */
function metered(ask: Ask): { readonly ask: Ask; readonly spent: Spent } {
  const spent: Spent = { requests: 0, bytes: 0, throttledMs: 0 };
  return {
    spent,
    async ask(question, options) {
      const answer = await ask(question, options);
      spent.requests += answer.requests;
      spent.bytes += answer.bytes;
      spent.throttledMs += answer.throttledMs;
      return answer;
    },
  };
}

function notAsked(what: string): TidemarkError {
  return new TidemarkError('INTERNAL', `Resource Graph is read by collections alone; nobody asks it ${what}.`);
}
