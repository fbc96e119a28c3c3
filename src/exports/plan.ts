// What a connection's set of files looks like: its names, entities, columns and the edges it has. From the connection alone. Pure.
import { endpointsOf } from '../connectors/clouds.ts';
import type { EdgeKind, ExportDefinition } from '../connectors/definition.ts';
import { settings } from '../connectors/identity-manager/settings.ts';
import { connectorNamed } from '../connectors/index.ts';
import { activeEdges, askedStreams, listedProperties } from '../connectors/select.ts';
import type { ConnectionSpec } from '../connectors/spec.ts';
import { canonical, hashOf } from '../mappings/canonical.ts';

export interface ExportEntity {
  readonly stream: string;
  readonly entity: string;
  /** Its `@odata.type`. */
  readonly type: string;
  /** The attributes that it has. */
  readonly has: ReadonlySet<string>;
  readonly edges: readonly { readonly kind: EdgeKind; readonly relation: string; readonly always: boolean }[];
}

export interface ExportPlan {
  readonly connection: string;
  /** What files begin with. */
  readonly name: string;
  /** Columns after `Command` and `@odata.type`. */
  readonly attributes: readonly string[];
  readonly entities: readonly ExportEntity[];
  /** Of attributes, entities and where they come from: a set is continued only by one of the same. */
  readonly definition: string;
  /** As the connection has it; null: runs write no files. */
  readonly directory: string | null;
  readonly cookies: string | null;
  readonly ignoreCookies: boolean;
  readonly delimiter: string;
  readonly bom: boolean;
  readonly spreadsheetSafeCopy: boolean;
}

/** null: the connector has no files. */
export function exportPlan(spec: ConnectionSpec): ExportPlan | null {
  const connector = connectorNamed(spec.connector);
  const { exports } = connector;
  if (exports === undefined) return null;
  const { attributes, export: given } = settings.parse(spec.settings);
  const entities = askedStreams(connector, spec.settings).flatMap((stream): ExportEntity[] => {
    const named = exports.entities[stream.name];
    if (named === undefined) return [];
    const kinds = activeEdges(stream, spec.settings).map(({ kind }) => kind);
    const edges = kinds.flatMap((kind) => relationOf(exports, stream.name, kind));
    return [{ ...named, stream: stream.name, has: new Set(['id', ...listedProperties(stream, spec.settings)]), edges }];
  });
  const { tenantId, clientId } = spec.credentials;
  const base = endpointsOf(spec).graph;
  return {
    connection: spec.name,
    name: given.name ?? spec.name,
    attributes,
    entities,
    definition: hashOf(canonical({ attributes, entities: entities.map(({ type }) => type), base, tenantId, clientId })),
    directory: given.directory,
    cookies: given.cookies,
    ignoreCookies: given.ignoreCookieFile,
    delimiter: given.delimiter,
    bom: given.bom,
    spreadsheetSafeCopy: given.spreadsheetSafeCopy,
  };
}

function relationOf({ relations, always }: ExportDefinition, stream: string, kind: EdgeKind): ExportEntity['edges'] {
  const relation = relations[kind];
  if (relation === undefined) return [];
  return [{ kind, relation, always: always.some((one) => one.stream === stream && one.kind === kind) }];
}
