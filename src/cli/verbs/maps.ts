// tidemark maps list|show|clone: the transform maps, and one of them as the file that it is applied by.
import { customMap } from '../../connectors/customMap.ts';
import { connectorNamed, streamNamed } from '../../connectors/index.ts';
import { mapText } from '../../connectors/mapText.ts';
import { targetModelOf } from '../../connectors/models/index.ts';
import { builtInMaps } from '../../mappings/maps/index.ts';
import type { MapRow, TransformMap } from '../../mappings/map.ts';
import { listConnections } from '../../store/connection.ts';
import { listMaps } from '../../store/map.ts';
import type { Context } from '../context.ts';
import { mapOfName, requireFreeName, usersOfMap } from '../maps.ts';
import type { Column } from '../output.ts';
import { timeIn } from '../words.ts';

interface MapView {
  readonly name: string;
  readonly connector: string;
  readonly stream: string;
  readonly source: string | null;
  readonly target: string;
  readonly class: string;
  /** Built-in maps are read-only. */
  readonly builtIn: boolean;
  readonly rows: readonly MapRow[];
}

interface ListedMap extends MapView {
  /** Connections whose profiles name it. */
  readonly usedBy: readonly string[];
  /** null for built-in maps. */
  readonly changedAt: string | null;
}

const columns: readonly Column<ListedMap>[] = [
  { title: 'name', value: ({ name }) => name },
  { title: 'source model', value: ({ source }) => source },
  { title: 'target model', value: ({ target }) => target },
  { title: 'class', value: (view) => view.class },
  { title: 'rows', value: ({ rows }) => rows.filter(({ off }) => off !== true).length, align: 'right' },
  { title: 'off', value: ({ rows }) => rows.filter(({ off }) => off === true).length, align: 'right' },
  { title: 'used by', value: ({ usedBy }) => usedBy.join(', ') },
  { title: 'changed', value: ({ changedAt }) => (changedAt === null ? 'built in' : timeIn('UTC', changedAt)) },
];

const rowColumns: readonly Column<MapRow>[] = [
  { title: 'from', value: ({ from, orFrom }) => [from, orFrom].flatMap((path) => path ?? []).join(', else ') },
  { title: 'of', value: ({ type }) => type ?? null },
  { title: 'to', value: ({ to }) => to },
  { title: 'function', value: ({ fn }) => fn?.name ?? null },
  { title: 'required', value: ({ required }) => required === true },
  { title: 'off', value: ({ off }) => off === true },
];

export async function mapsList(context: Context): Promise<void> {
  const database = await context.database();
  const [stored, connections] = await Promise.all([listMaps(database), listConnections(database)]);
  const listed = [
    ...builtInMaps.map((map) => ({ map, changedAt: null })),
    ...stored.map(({ name, definition, changedAt }) => ({ map: customMap(definition, name), changedAt })),
  ].map(({ map, changedAt }): ListedMap => ({ ...viewOf(map), usedBy: usersOfMap(connections, map.name), changedAt }));
  await context.output.rows(listed, { columns });
}

/** A built-in map is shown without asking a server. @throws CONFIG_INVALID when there is no such map */
export async function mapsShow(context: Context, name: string): Promise<void> {
  const map = await mapOfName(context, name);
  await context.output.one(viewOf(map), { text: () => mapText(map).trimEnd(), rows: map.rows, columns: rowColumns });
}

/** Prints the file of a map of another name; nothing is stored before it is applied. @throws CONFIG_INVALID */
export async function mapsClone(context: Context, name: string, as: string): Promise<void> {
  requireFreeName(as);
  const { document: _, ...map } = await mapOfName(context, name);
  const clone: TransformMap = { ...map, name: as };
  await context.output.one(viewOf(clone), { text: () => mapText(clone).trimEnd(), rows: clone.rows, columns: rowColumns });
}

function viewOf({ name, connector, stream, class: of, rows }: TransformMap): MapView {
  const source = streamNamed(connectorNamed(connector), stream).model?.name ?? null;
  const target = targetModelOf(of).name;
  return { name, connector, stream, source, target, class: of, builtIn: builtInMaps.some((map) => map.name === name), rows };
}
