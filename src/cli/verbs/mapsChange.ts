// tidemark maps apply|diff|rm: maps of the users' own are stored, compared with what is stored, and removed.
import { type FoundMap, parseConnectionFiles, problemInWords } from '../../connectors/connectionFile.ts';
import { mapKeys } from '../../connectors/mapInput.ts';
import { TidemarkError } from '../../errors.ts';
import { canonical } from '../../mappings/canonical.ts';
import { isObject } from '../../mappings/read.ts';
import type { Json, JsonObject } from '../../model.ts';
import { deleteMap, listMaps } from '../../store/map.ts';
import { printApplied, printRemoved } from '../applied.ts';
import type { Context } from '../context.ts';
import { type Difference, differences, differenceText } from '../difference.ts';
import { readFiles } from '../files.ts';
import { mapProblems } from '../maps.ts';
import type { Column } from '../output.ts';
import { refuseProblems, requireOnly } from '../problems.ts';

interface FileOptions {
  readonly file: readonly string[];
}

export async function mapsApply(context: Context, options: FileOptions): Promise<void> {
  const maps = mapsOf(options);
  const { applyMaps } = await import('../applyMaps.ts');
  const applied = await applyMaps(context, maps);
  await printApplied(context.output, applied);
}

interface MapDifference {
  readonly name: string;
  readonly change: 'created' | 'changed' | 'unchanged';
  readonly differences: readonly Difference[];
}

const columns: readonly Column<MapDifference>[] = [
  { title: 'name', value: ({ name }) => name },
  { title: 'change', value: ({ change }) => change },
  { title: 'differences', value: (map) => map.differences.length, align: 'right' },
];

/** What applying the files would change. Changes nothing. */
export async function mapsDiff(context: Context, options: FileOptions): Promise<void> {
  const maps = mapsOf(options);
  const stored = new Map((await listMaps(await context.database())).map(({ name, definition }) => [name, definition]));
  const compared = maps.map(({ map: { name }, definition }): MapDifference => {
    const before = stored.get(name);
    const found = mapDifferences(before ?? {}, definition);
    return { name, change: before === undefined ? 'created' : found.length === 0 ? 'unchanged' : 'changed', differences: found };
  });
  const text = (): string =>
    compared
      .flatMap(({ name, change, differences: found }) => [
        `${name}: ${change === 'unchanged' ? 'unchanged' : `would be ${change}`}`,
        ...(change === 'changed' ? found.map((difference) => `  ${lineOf(difference)}`) : []),
      ])
      .join('\n');
  await context.output.one(compared, { text, rows: compared, columns });
}

/** Rows are told apart by what they say, not by their place: one that was put in between changes no other. */
function mapDifferences(before: JsonObject, after: JsonObject): Difference[] {
  const { rows: were, ...headBefore } = before;
  const { rows: are, ...headAfter } = after;
  const [old, now] = [rowsOf(were), rowsOf(are)];
  const gone = [...old].filter(([text]) => !now.has(text)).map(([, row]): Difference => ({ path: 'rows', from: row, to: undefined }));
  const come = [...now].filter(([text]) => !old.has(text)).map(([, row]): Difference => ({ path: 'rows', from: undefined, to: row }));
  const kept = (of: ReadonlyMap<string, Json>, other: ReadonlyMap<string, Json>): string =>
    [...of.keys()].filter((text) => other.has(text)).join();
  const moved = kept(old, now) === kept(now, old) ? [] : [{ path: 'rows', from: 'in another order', to: 'in this order' }];
  return [...differences(headBefore, headAfter), ...gone, ...come, ...moved];
}

/** A row whole, its keys in the order of files: `- from: mail, to: asset.assetDetail.name`. */
function lineOf(difference: Difference): string {
  const { path, from, to } = difference;
  const row = from ?? to;
  if (path !== 'rows' || !isObject(row)) return differenceText(difference);
  const keys = (mapKeys.get('rows.*') ?? []).filter((key) => row[key] !== undefined);
  const shown = (value: Json | undefined): string => (typeof value === 'string' ? value : JSON.stringify(value));
  return `${from === undefined ? '+' : '-'} ${keys.map((key) => `${key}: ${shown(row[key])}`).join(', ')}`;
}

function rowsOf(rows: Json | undefined): Map<string, Json> {
  return new Map((Array.isArray(rows) ? rows : []).map((row) => [canonical(row), row]));
}

export async function mapsRm(context: Context, name: string): Promise<void> {
  const removed = await deleteMap(await context.database(), name);
  if (removed.outcome === 'none') {
    throw new TidemarkError('CONFIG_INVALID', `There is no transform map "${name}" of your own.`, {
      hint: '"tidemark maps list" shows those there are; built-in ones stay.',
    });
  }
  if (removed.outcome === 'used') {
    throw new TidemarkError('CONFIG_INVALID', `The map "${name}" is in use: ${removed.by.slice(0, 10).join(', ')}.`, {
      hint: 'Take it out of maps in the profiles of these connections first.',
    });
  }
  await printRemoved(context.output, 'map', name);
}

/** The maps of the files, and nothing else. @throws CONFIG_INVALID with every problem and its line */
function mapsOf({ file }: FileOptions): readonly FoundMap[] {
  const { connections, tags, maps, rules, problems } = parseConnectionFiles(readFiles(file), { now: new Date(0) });
  requireOnly('map', [...connections, ...tags, ...rules]);
  refuseProblems([...problems, ...mapProblems(maps)].map(problemInWords));
  return maps;
}
