// tidemark maps preview -f FILE --connection NAME: what a map makes of records that are stored, beside what is listed now. Writes nothing.
import { parseConnectionFiles, problemInWords } from '../../connectors/connectionFile.ts';
import type { ConnectorDefinition } from '../../connectors/definition.ts';
import { sourceOnRead } from '../../connectors/given.ts';
import { connectorNamed, streamNamed } from '../../connectors/index.ts';
import { mapsInUse, relationSources, selectOf } from '../../connectors/select.ts';
import { asTidemarkError, TidemarkError } from '../../errors.ts';
import { type CompiledMap, compile } from '../../mappings/engine.ts';
import type { TransformMap } from '../../mappings/map.ts';
import { compiledMap } from '../../mappings/maps/index.ts';
import type { Json, JsonObject } from '../../model.ts';
import { readRecords, type StoredRecord } from '../../store/record.ts';
import { countsOf } from '../../store/nested.ts';
import { relationsOf } from '../../store/relations.ts';
import { requireConnection } from '../connections.ts';
import type { Context } from '../context.ts';
import { countsRead, relationsRead } from '../documents.ts';
import { type Difference, differences, differenceText } from '../difference.ts';
import { readFiles } from '../files.ts';
import type { Column } from '../output.ts';
import { listed } from '../problems.ts';

interface PreviewOptions {
  readonly file: string;
  readonly connection: string;
  readonly limit: number;
}

interface Preview {
  readonly id: string;
  /** null: the map refuses the record. */
  readonly document: JsonObject | null;
  readonly reason: string | null;
  /** Against the map in use. */
  readonly changes: readonly Difference[];
}

/** All of them are held at once. */
const mostRecords = 1_000;

export async function mapsPreview(context: Context, { file, connection: name, limit }: PreviewOptions): Promise<void> {
  if (limit > mostRecords) {
    throw new TidemarkError('CONFIG_INVALID', `--limit is at most ${mostRecords} for a preview.`, { hint: 'Look at fewer records.' });
  }
  const map = mapOf(file);
  const database = await context.database();
  const spec = await requireConnection(database, name);
  if (spec.connector !== map.connector) {
    throw new TidemarkError('CONFIG_INVALID', `The map is of ${map.connector}, and ${name} is a connection of ${spec.connector}.`, {
      hint: `Name a connection of ${map.connector} ("tidemark get" lists them).`,
    });
  }
  const connector = connectorNamed(map.connector);
  const stream = streamNamed(connector, map.stream);
  const inUse = mapsInUse(spec);
  const wanted = compile(map);
  // Where nobody pulls the stream, what is stored of it is listed by the built-in map.
  const used = inUse.find((one) => one.map.stream === map.stream) ?? compiledMap(stream.map ?? '');
  const unread = unreadFields(connector, wanted, (of) => selectOf(connector, of, inUse, spec.settings));
  if (unread.length > 0) context.output.note(`Not pulled yet, and so empty here: ${unread.join(', ')}.`);
  const records = await readRecords(database, { connection: name, stream: map.stream, limit: limit + 1 });
  const owners = records.map(({ id }) => ({ connection: name, class: map.class, id }));
  const both = [wanted, used].map((one) => ({ connector, stream, map: one }));
  const related = await relationsOf(database, owners, relationsRead(both));
  const counted = await countsOf(database, owners, countsRead(both));
  const previews = records.map((record, index) => {
    const found = { relations: related[index] ?? {}, counts: counted[index] ?? {}, event: null };
    return previewOf(record, { wanted, used, source: sourceOnRead({ connector, stream, settings: spec.settings }, record.body, found) });
  });
  if (records.length === 0) context.output.note(`${name} has no record of ${map.stream} yet: "tidemark run ${name}".`);
  else if (context.output.format !== 'table') await context.output.rows(previews, { columns, limit });
  else {
    const shown = previews.slice(0, limit);
    await context.output.one(shown, { text: () => context.output.table(shown.flatMap(linesOf), lineColumns), rows: shown, columns });
    if (records.length > limit) context.output.note(`There are more than ${limit}; --limit shows more.`);
  }
}

/** What the map reads and no map in use does, so that it was never asked for: of the records themselves, and of related ones. */
function unreadFields(connector: ConnectorDefinition, map: CompiledMap, selected: (stream: string) => readonly string[]): string[] {
  const ofStream = (name: string, fields: readonly string[]): string[] => {
    const has = new Set([...selected(name), ...streamNamed(connector, name).lacks]);
    return fields.filter((field) => !has.has(field));
  };
  const related = relationSources(connector, map)
    .filter(({ source }) => source.element === 'record')
    .flatMap(({ name, source, properties }) => ofStream(source.stream, properties).map((field) => `${name}.value[].${field}`));
  return [...ofStream(map.map.stream, map.reads.own), ...new Set(related)];
}

const columns: readonly Column<Preview>[] = [
  { title: 'id', value: ({ id }) => id },
  { title: 'refused', value: ({ reason }) => reason },
  { title: 'changes', value: ({ changes }) => changes.length, align: 'right' },
  { title: 'document', value: ({ document }) => JSON.stringify(document) },
];

interface Line {
  readonly id: string;
  readonly change: string;
}

const lineColumns: readonly Column<Line>[] = [
  { title: 'id', value: ({ id }) => id },
  { title: 'change', value: ({ change }) => change },
];

/** The one map of the file. @throws CONFIG_INVALID with every problem and its line. */
function mapOf(file: string): TransformMap {
  const { maps, problems } = parseConnectionFiles(readFiles([file]), { now: new Date(0) });
  if (problems.length > 0) {
    throw new TidemarkError('CONFIG_INVALID', listed('This is no map that can be used.', problems.map(problemInWords)), {
      hint: 'Correct the lines named here; "tidemark models show NAME" lists the fields there are, "tidemark maps show NAME" prints a map that works.',
    });
  }
  const [found, other] = maps;
  if (found === undefined || other !== undefined) {
    throw new TidemarkError('CONFIG_INVALID', `${file} holds ${found === undefined ? 'no map (kind: map)' : 'more than one map'}.`, {
      hint: 'Preview one map at a time.',
    });
  }
  return found.map;
}

function previewOf(
  { id, body }: StoredRecord,
  { wanted, used, source }: { readonly wanted: CompiledMap; readonly used: CompiledMap; readonly source: Record<string, Json> },
): Preview {
  const before = mapped(used, body, source);
  const after = mapped(wanted, body, source);
  return { id, ...after, changes: after.document === null ? [] : differences(before.document ?? {}, after.document) };
}

function mapped(map: CompiledMap, body: JsonObject, source: Record<string, Json>): Pick<Preview, 'document' | 'reason'> {
  try {
    return { document: map.relate(map.document(body), source), reason: null };
  } catch (error) {
    const { code, message } = asTidemarkError(error);
    if (code !== 'MAPPING_FAILED') throw error;
    return { document: null, reason: message };
  }
}

function linesOf({ id, reason, changes }: Preview): Line[] {
  if (reason !== null) return [{ id, change: `refused: ${reason}` }];
  if (changes.length === 0) return [{ id, change: 'as it is listed now' }];
  return changes.map((change) => ({ id, change: differenceText(change) }));
}
