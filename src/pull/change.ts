// What a page makes of documents that are there already, for those who ask later which of their paths changed.
import { TidemarkError } from '../errors.ts';
import type { JsonObject } from '../model.ts';
import { changesBetween, joined } from '../mappings/change.ts';
import { isObject } from '../mappings/read.ts';
import type { Database } from '../store/database.ts';
import { readStoredDocuments } from '../store/page.ts';
import type { AssetWrite } from '../store/page.ts';

/** The writes, each that changes a document with what changed. Asks the database only where there are such: most pages have none. */
export async function withChanges(database: Database, run: number, writes: readonly AssetWrite[]): Promise<readonly AssetWrite[]> {
  const differing = writes.filter(({ change }) => change === 'updated');
  if (differing.length === 0) return writes;
  const found = await readStoredDocuments(database, { run, nums: differing.map(({ num }) => num) });
  const before = new Map(found.map((row) => [row.num, row]));
  return writes.map((write) => {
    const known = before.get(write.num);
    if (known === undefined) return write;
    return { ...write, changed: joined(known.changed, changesBetween(known.document, documentIn(write))) };
  });
}

function documentIn({ document }: AssetWrite): JsonObject {
  const value: unknown = JSON.parse(document);
  if (!isObject(value)) throw new TidemarkError('INTERNAL', 'A map made a document that is no object.');
  return value;
}
