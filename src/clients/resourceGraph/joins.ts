// What the rows of a page name in other rows: asked by id, many at once, and put together here. The source's own joins cut and limit.
import type { JoinDefinition, Joined, QueryDefinition } from '../../connectors/queryDefinition.ts';
import type { JsonObject } from '../../model.ts';
import { isResourceId, textOf } from './kql.ts';
import { type Asker, readAll } from './rows.ts';
import type { Batch } from './scopes.ts';

/** Requests under way at the same time; the budget holds them back together. */
const atOnce = 4;

export async function join(asker: Asker, query: QueryDefinition, batch: Batch, rows: readonly JsonObject[]): Promise<Joined> {
  const joined: Record<string, readonly JsonObject[]> = { rows };
  for (const definition of query.joins) joined[definition.name] = await readJoin(asker, definition, batch, joined[definition.of] ?? []);
  return joined;
}

async function readJoin(asker: Asker, definition: JoinDefinition, batch: Batch, of: readonly JsonObject[]): Promise<readonly JsonObject[]> {
  const chunks = chunksOf(idsOf(definition, of), definition.atOnce);
  const found: (readonly JsonObject[])[] = [];
  const halt = new AbortController();
  const mine = { ...asker, options: { ...asker.options, signal: AbortSignal.any([asker.options.signal, halt.signal]) } };
  const work = async (): Promise<void> => {
    for (let ids = chunks.shift(); ids !== undefined; ids = chunks.shift()) {
      found.push(await readAll(mine, { name: definition.name, text: textOf(definition, ids), batch }));
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, work));
  } finally {
    halt.abort();
  }
  return found.flat();
}

/** Each once, whatever its case. A text that is no id names no row. */
function idsOf({ ids }: JoinDefinition, rows: readonly JsonObject[]): string[] {
  return [...new Set(rows.flatMap((row) => ids(row).map((id) => id.toLowerCase())))].filter(isResourceId);
}

function chunksOf<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));
}
