// tidemark connectors list|show: what each connector pulls, needs and takes (decision 20). From its data alone; asks no server.
import { z } from 'zod';
import type { ConnectorDefinition, StreamDefinition } from '../../connectors/definition.ts';
import { connectorNamed, connectors } from '../../connectors/index.ts';
import { hasDelta, leastPermissions, optionalPermissions } from '../../connectors/select.ts';
import type { Json } from '../../model.ts';
import type { Context } from '../context.ts';
import type { Column } from '../output.ts';

interface StreamView {
  readonly stream: string;
  readonly title: string;
  readonly class: string | null;
  /** Below the API's base. */
  readonly endpoints: readonly string[];
  readonly delta: boolean;
  readonly optional: boolean;
  /** Any one suffices; the first is the least. */
  readonly permissions: readonly string[];
  readonly map: string | null;
  readonly docs: string;
}

interface ConnectorView extends Pick<
  ConnectorDefinition,
  'name' | 'title' | 'vendor' | 'product' | 'category' | 'version' | 'direction' | 'source' | 'assets' | 'findings' | 'notSupported'
> {
  readonly integration: string;
  /** Whether any of its streams tells changes. */
  readonly delta: boolean;
  readonly streams: readonly StreamView[];
  /** Each setting with its default. */
  readonly settings: Readonly<Record<string, Json>>;
  /** Of the streams that are not optional: the least that suffice. */
  readonly permissions: readonly string[];
  /** By which its streams show more. */
  readonly optionalPermissions: readonly string[];
}

export async function connectorsList({ output }: Context): Promise<void> {
  await output.rows(connectors.map(viewOf), {
    columns: [
      { title: 'name', value: ({ name }) => name },
      { title: 'title', value: ({ title }) => title },
      { title: 'category', value: ({ category }) => category },
      { title: 'assets', value: ({ assets }) => assets.join(', ') },
      { title: 'delta', value: ({ delta }) => delta },
    ],
  });
}

/** @throws CONFIG_INVALID naming those that exist. */
export async function connectorsShow({ output }: Context, name: string): Promise<void> {
  const view = viewOf(connectorNamed(name));
  await output.one(view, { text: async () => textOf(view, await output.table(view.streams, columns)), rows: view.streams, columns });
}

function viewOf(connector: ConnectorDefinition): ConnectorView {
  const { name, title, vendor, product, category, version, direction, source, assets, findings, notSupported, streams } = connector;
  return {
    name,
    title,
    vendor,
    product,
    category,
    version,
    integration: 'API (REST)',
    direction,
    source,
    assets,
    findings,
    delta: streams.some(hasDelta),
    notSupported,
    permissions: leastPermissions(streams.filter(({ optional }) => !optional)),
    optionalPermissions: optionalPermissions(streams),
    settings: z.record(z.string(), z.json()).parse(connector.settings.parse({})),
    streams: streams.map(streamView),
  };
}

function streamView(stream: StreamDefinition): StreamView {
  const { name, title, class: of, optional, permissions, map, docs, walk } = stream;
  const delta = hasDelta(stream);
  const endpoints =
    walk.shape === 'collections'
      ? walk.collections.flatMap(({ path, overflow }) => [path, ...(overflow === null ? [] : [overflow.collection.path])])
      : walk.shape === 'list'
        ? [walk.path, `${walk.path}/delta`]
        : [`${walk.path}/delta`];
  return { stream: name, title, class: of, endpoints, delta, optional, permissions, map, docs };
}

const columns: readonly Column<StreamView>[] = [
  { title: 'stream', value: ({ stream, optional }) => `${stream}${optional ? ' (optional)' : ''}` },
  { title: 'class', value: (stream) => stream.class },
  { title: 'endpoints', value: ({ endpoints }) => endpoints.join(', ') },
  { title: 'delta', value: ({ delta }) => delta },
  { title: 'permission (the least)', value: ({ permissions }) => permissions[0] ?? null },
  { title: 'map', value: ({ map }) => map },
];

function textOf(view: ConnectorView, streams: string): string {
  const settings = Object.entries(view.settings).map(([key, value]) => `${key} (${JSON.stringify(value)})`);
  const lines = [
    ['vendor', view.vendor],
    ['product', view.product],
    ['category', view.category],
    ['version', view.version],
    ['integration', view.integration],
    ['direction', view.direction],
    ['source', view.source],
    ['assets', view.assets.join(', ')],
    ['findings', view.findings.join(', ') || 'none'],
    ['delta', view.delta ? 'yes' : 'no'],
    ['permissions', view.permissions.join(', ')],
    ['optional', view.optionalPermissions.join(', ') || 'none'],
    ['settings', settings.join(', ') || 'none'],
    ['not supported', view.notSupported.join(', ') || 'nothing that its document names'],
  ].map(([key = '', value = '']) => `  ${key.padEnd(14)} ${value}`);
  return [`${view.name} (${view.title})`, ...lines, '', streams].join('\n');
}
