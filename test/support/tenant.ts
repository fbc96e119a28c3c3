// Whether the inventory is what the simulated tenant holds: every record, every edge, nothing else.
import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../../src/model.ts';
import { streamTargets } from '../../src/pull/target.ts';
import type { ConnectionSpec } from '../../src/connectors/spec.ts';
import type { Database } from '../../src/store/database.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import type { TruthName } from '../../simulator/truth.ts';

/** By stream, the tenant's collection. */
const collections: Readonly<Record<string, TruthName>> = {
  users: 'users',
  groups: 'groups',
  devices: 'devices',
  roles: 'roleDefinitions',
  directoryRoles: 'directoryRoles',
  servicePrincipals: 'servicePrincipals',
  appRoleAssignments: 'servicePrincipals',
};

/** By stream, the tenant's members and owners. */
const linkedBy: Readonly<Record<string, TruthName>> = { groups: 'edges', directoryRoles: 'roleEdges', servicePrincipals: 'principalEdges' };

export interface Inventory {
  /** `STREAM ID` to the live record. */
  readonly records: Map<string, JsonObject>;
  /** `KIND FROM TO KEY` of the edges whose ends live. */
  readonly edges: Set<string>;
}

/** What is stored of a connection. An end that no stream pulls (a device, for entra-identity) counts as living. */
export async function storedInventory(database: Database, connection: string): Promise<Inventory> {
  const records = await database.query<{ stream: string; id: string; body: JsonObject }>(
    'select stream, id, body from record where connection = $1 and tombstoned_at is null',
    [connection],
  );
  const edges = await database.query<{ edge: string }>(
    `select kind || ' ' || from_id || ' ' || to_id || ' ' || key as edge from edge where connection = $1
       and from_id in (select id from record where connection = $1)
       and from_id not in (select id from record where connection = $1 and tombstoned_at is not null)
       and to_id not in (select id from record where connection = $1 and tombstoned_at is not null)`,
    [connection],
  );
  return { records: new Map(records.map((row) => [`${row.stream} ${row.id}`, row.body])), edges: new Set(edges.map((row) => row.edge)) };
}

/** What the tenant holds of the streams of the connection's default profile, in the same form. */
export function trueInventory(simulator: Simulator, spec: ConnectionSpec): Inventory {
  const records = new Map<string, JsonObject>();
  const edges = new Set<string>();
  for (const { definition, select, edges: asked } of streamTargets(spec, 'default', [])) {
    const collection = collections[definition.name];
    if (collection === undefined) throw new Error(`No collection for stream ${definition.name}`);
    const properties = select.filter((property) => property !== 'members' && property !== 'owners');
    for (const object of simulator.truth(collection, properties)) {
      records.set(`${definition.name} ${String(object['id'])}`, pick(object, properties));
    }
    const kinds = new Set<string>(asked.map((edge) => edge.kind));
    const linked = linkedBy[definition.name];
    if (linked !== undefined) {
      for (const edge of simulator.truth(linked))
        if (kinds.has(String(edge['kind']))) edges.add(nameOf(edge['kind'], edge['from'], edge['to'], ''));
    }
    if (definition.name === 'roles') {
      for (const edge of simulator.truth('roleAssignments'))
        edges.add(nameOf('roleMember', edge['roleDefinitionId'], edge['principalId'], edge['id']));
    }
    if (definition.name === 'appRoleAssignments') {
      for (const edge of simulator.truth('appRoleAssignments'))
        edges.add(nameOf('appRoleAssignment', edge['resourceId'], edge['principalId'], edge['id']));
    }
  }
  return { records, edges };
}

/** Fails unless the stored inventory is the tenant's, with the first differences. */
export async function expectInventoryOf(database: Database, simulator: Simulator, spec: ConnectionSpec): Promise<void> {
  const stored = await storedInventory(database, spec.name);
  const truth = trueInventory(simulator, spec);
  expect(difference([...stored.records.keys()], [...truth.records.keys()])).toEqual({ missing: [], invented: [] });
  expect(difference([...stored.edges], [...truth.edges])).toEqual({ missing: [], invented: [] });
  for (const [key, record] of truth.records) {
    const body = stored.records.get(key);
    if (!isDeepStrictEqual(body, record)) expect({ key, ...body }).toEqual({ key, ...record });
  }
}

function difference(stored: readonly string[], truth: readonly string[]): { missing: string[]; invented: string[] } {
  const has = new Set(stored);
  const should = new Set(truth);
  return { missing: truth.filter((key) => !has.has(key)).slice(0, 5), invented: stored.filter((key) => !should.has(key)).slice(0, 5) };
}

const nameOf = (...parts: readonly unknown[]): string => parts.map(String).join(' ');

const pick = (object: JsonObject, properties: readonly string[]): JsonObject =>
  Object.fromEntries(properties.flatMap((name) => (object[name] === undefined || object[name] === null ? [] : [[name, object[name]]])));
