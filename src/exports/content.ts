// The files of a set from the rows of the database, streamed: one file of objects, and one of each kind of edge of each entity.
import path from 'node:path';
import { failpoint } from '../failpoint.ts';
import type { Database } from '../store/database.ts';
import {
  allEdges,
  allObjects,
  changedEdges,
  changedObjects,
  edgeKinds,
  type EdgeRow,
  type EdgeScope,
  type ObjectRow,
  type Since,
} from '../store/exportRows.ts';
import { cellOf, spreadsheetSafe } from './cell.ts';
import { createCsvFile, type CsvFile, type FileFacts, type Row } from './csvFile.ts';
import type { ExportEntity, ExportPlan } from './plan.ts';

export interface WrittenFile extends FileFacts {
  readonly file: string;
}

export interface ContentRequest {
  readonly plan: ExportPlan;
  /** An empty folder. */
  readonly folder: string;
  /** null: all that there is. */
  readonly since: Since | null;
  /** Called with the rows so far. @throws to give up */
  readonly alive: (rows: number) => void;
}

/** Writes every file, each with its header. */
export async function writeContent(database: Database, request: ContentRequest): Promise<WrittenFile[]> {
  const { plan } = request;
  const total = { rows: 0 };
  const files = await writeFiles(
    request,
    'directoryobjects',
    ['Command', '@odata.type', ...plan.attributes],
    total,
    objectRows(database, request),
  );
  const types = Object.fromEntries(plan.entities.map(({ type, stream }) => [type, stream]));
  for (const entity of plan.entities) {
    const scope = { connection: plan.connection, stream: entity.stream };
    const kinds = await edgeKinds(database, scope);
    for (const { kind, relation, always } of entity.edges) {
      const rows = edgeRows(database, { ...scope, kind, types }, request.since);
      // A pair that never was gives no file; one whose last edge went gives one that says so.
      const first = await rows.next();
      if (!always && !kinds.has(kind) && first.done === true) continue;
      const header = ['Command', `${entity.entity}Id`, 'id'];
      files.push(...(await writeFiles(request, `${relation}_${entity.entity}`, header, total, onwards(first, rows))));
    }
  }
  return files;
}

/** The file, and its copy for spreadsheets where that is asked for. */
async function writeFiles(
  { plan, folder, alive }: ContentRequest,
  what: string,
  header: readonly string[],
  total: { rows: number },
  batches: AsyncIterable<readonly Row[]>,
): Promise<WrittenFile[]> {
  const open: { readonly file: string; readonly csv: CsvFile; readonly safe: boolean }[] = [];
  for (const safe of plan.spreadsheetSafeCopy ? [false, true] : [false]) {
    const file = `${plan.name}_${safe ? 'spreadsheet_' : ''}${what}.csv`;
    open.push({ file, csv: await createCsvFile(path.join(folder, file), header, plan), safe });
  }
  for await (const rows of batches) {
    for (const { csv, safe } of open) await csv.write(safe ? rows.map(safeRow) : rows);
    total.rows += rows.length;
    alive(total.rows);
  }
  const written: WrittenFile[] = [];
  for (const { file, csv } of open) written.push({ file, ...(await csv.close()) });
  failpoint('export.afterFile');
  return written;
}

const safeRow = ([command, ...cells]: Row): Row => [command, ...cells.map(spreadsheetSafe)];

async function* objectRows(database: Database, { plan, since }: ContentRequest): AsyncGenerator<Row[]> {
  for (const entity of plan.entities) {
    const scope = { connection: plan.connection, stream: entity.stream };
    const pages = since === null ? allObjects(database, scope) : changedObjects(database, scope, since);
    for await (const page of pages) yield page.map((row) => rowOf(plan, entity, row));
  }
}

/** A removal is known by its id; an attribute that another type has is empty. */
function rowOf({ attributes }: ExportPlan, { type, has }: ExportEntity, { command, id, body }: ObjectRow): Row {
  return [command, type, ...attributes.map((name) => (name === 'id' ? id : has.has(name) ? cellOf(body?.[name]) : ''))];
}

async function* edgeRows(database: Database, scope: EdgeScope, since: Since | null): AsyncGenerator<Row[]> {
  const pages = since === null ? allEdges(database, scope) : changedEdges(database, scope, since);
  for await (const page of pages) yield page.map(({ command, from, to }: EdgeRow): Row => [command, from, to]);
}

async function* onwards<T>(first: IteratorResult<T, unknown>, rest: AsyncGenerator<T>): AsyncGenerator<T> {
  if (first.done === true) return;
  yield first.value;
  yield* rest;
}
