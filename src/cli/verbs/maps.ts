// tidemark maps list|show: the transform maps, and one of them as the file that a map of one's own begins with. Asks no server.
import { connectorNamed, streamNamed } from '../../connectors/index.ts';
import { mapText } from '../../connectors/mapText.ts';
import { assetModel } from '../../connectors/models/asset.ts';
import { builtInMap, builtInMaps } from '../../mappings/maps/index.ts';
import type { MapRow, TransformMap } from '../../mappings/map.ts';
import type { Context } from '../context.ts';
import type { Column } from '../output.ts';

interface MapView {
  readonly name: string;
  readonly connector: string;
  readonly stream: string;
  readonly source: string | null;
  readonly target: string;
  readonly class: string;
  readonly builtIn: true;
  readonly rows: readonly MapRow[];
}

const columns: readonly Column<MapView>[] = [
  { title: 'name', value: ({ name }) => name },
  { title: 'source model', value: ({ source }) => source },
  { title: 'target model', value: ({ target }) => target },
  { title: 'class', value: (view) => view.class },
  { title: 'rows', value: ({ rows }) => rows.filter(({ off }) => off !== true).length, align: 'right' },
  { title: 'off', value: ({ rows }) => rows.filter(({ off }) => off === true).length, align: 'right' },
];

const rowColumns: readonly Column<MapRow>[] = [
  { title: 'from', value: ({ from, orFrom }) => [from, orFrom].flatMap((path) => path ?? []).join(', else ') },
  { title: 'of', value: ({ type }) => type ?? null },
  { title: 'to', value: ({ to }) => to },
  { title: 'function', value: ({ fn }) => fn?.name ?? null },
  { title: 'required', value: ({ required }) => required === true },
  { title: 'off', value: ({ off }) => off === true },
];

export async function mapsList({ output }: Context): Promise<void> {
  await output.rows(builtInMaps.map(viewOf), { columns });
}

/** @throws CONFIG_INVALID naming those that exist. */
export async function mapsShow({ output }: Context, name: string): Promise<void> {
  const map = builtInMap(name);
  await output.one(viewOf(map), { text: () => mapText(map).trimEnd(), rows: map.rows, columns: rowColumns });
}

function viewOf({ name, connector, stream, class: of, rows }: TransformMap): MapView {
  const source = streamNamed(connectorNamed(connector), stream).model?.name ?? null;
  return { name, connector, stream, source, target: assetModel.name, class: of, builtIn: true, rows };
}
