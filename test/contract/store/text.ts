// Text that PostgreSQL cannot hold comes back as it was, wherever the source may send it.
import fc from 'fast-check';
import { canonical } from '../../../src/mappings/canonical.ts';
import type { Json } from '../../../src/model.ts';
import { commitPage, readStoredEdges, readStoredRecords } from '../../../src/store/page.ts';
import { listRejected } from '../../../src/store/rejected.ts';
import { searchAssets } from '../../../src/store/asset.ts';
import { drive, newConnection, pageOf } from '../../support/storing.ts';
import type { StartedStore } from '../../support/stores.ts';

/** Mostly what hurts: NUL, halves of pairs, the mark of the escape itself, backslashes, quotes. */
const hostile = fc
  .array(fc.constantFrom('\0', '\uD800', '\uDC00', '\uDFFF', '\uFDD0', '\uFDD0' + '0000', '\\', '\\u0000', '"', '{', 'a', 'é', '😀'), {
    maxLength: 12,
  })
  .map((parts) => parts.join(''));
const id = hostile.map((text) => `id${text}`);
const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    hostile,
    fc.integer(),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(hostile, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

export function textContract(store: () => StartedStore): void {
  test('ids, bodies, documents, edges, links and reasons come back as they were', async () => {
    const { database } = store();
    const property = fc.asyncProperty(id, id, json, hostile, async (one, other, value, text) => {
      fc.pre(one !== other);
      const connection = await newConnection(database);
      const run = await drive(database, { connection });
      await run.walk('users');
      const place = run.at('users');
      const page = await pageOf(database, place, { walk: 1, page: 0 }, { objects: { [one]: {} } });
      const body = canonical({ id: one, value });
      const edge = { kind: 'member', from: one, to: other, key: text } as const;
      const [unknown] = await readStoredEdges(database, { ...place, edges: [edge] });
      await commitPage(database, {
        ...page,
        cursor: text,
        records: page.records.map((record) => ({ ...record, body })),
        assets: page.assets.map((asset) => ({ ...asset, document: body })),
        edges: [{ ...edge, num: unknown!.num, properties: body, change: 'added' }],
        rejects: [{ id: other, code: 'MAPPING_FAILED', reason: text }],
      });
      const stored = await readStoredRecords(database, { ...place, walk: 1, ids: [one, other], bodies: true, seen: true });
      expect(stored.get(one)).toMatchObject({ known: true, seen: true });
      expect(canonical(stored.get(one)!.body)).toBe(body);
      expect(stored.get(other)).toMatchObject({ known: false });
      expect(await readStoredEdges(database, { ...place, edges: [edge] })).toEqual([{ ...unknown, known: true, properties: body }]);
      const places = { sql: 'r.connection = $1', params: [connection] };
      const found = searchAssets(database, { where: 'r.id = $1', params: [one], places, scope: 'live', limit: null, relations: {} });
      const documents = [];
      for await (const asset of found) documents.push({ id: asset.id, text: canonical(asset.document) });
      expect(documents).toEqual([{ id: one, text: body }]);
      expect(await listRejected(database, { run: run.run, limit: 5 })).toMatchObject([{ id: other, reason: text }]);
    });
    await fc.assert(property, { numRuns: 25 });
  });
}
