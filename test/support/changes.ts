// What `changes` tells, and what it has to tell between two states of a simulated tenant, calculated from the tenant alone: no store, no map, no run.
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createOutput } from '../../src/cli/output.ts';
import { changes } from '../../src/cli/verbs/changes.ts';
import type { JsonObject } from '../../src/model.ts';
import type { Database } from '../../src/store/database.ts';
import type { TruthName } from '../../simulator/truth.ts';

/** The tenant at a time, by id. */
export interface TenantState {
  readonly users: ReadonlyMap<string, JsonObject>;
  readonly groups: ReadonlyMap<string, JsonObject>;
  /** `PRINCIPAL PATH ID`: the document, the list in it, and the element's id. */
  readonly relations: ReadonlySet<string>;
}

/** Document 000: where a property of a user or a group stands. */
const status = (value: unknown): string => (value === true ? 'ACTIVE' : 'INACTIVE');
const userPaths: Readonly<Record<string, readonly string[]>> = {
  userPrincipalName: ['assetHeader.externalAssetId'],
  accountEnabled: ['assetHeader.status', 'assetDetail.userAssetClass.status'],
  displayName: ['assetDetail.name', 'assetDetail.userAssetClass.name', 'assetDetail.userAssetClass.displayName'],
  mail: ['assetDetail.userAssetClass.email'],
  givenName: ['assetDetail.userAssetClass.firstName'],
  surname: ['assetDetail.userAssetClass.lastName'],
  mobilePhone: ['assetDetail.userAssetClass.phone'],
  jobTitle: ['assetDetail.userAssetClass.jobTitle'],
};
const groupPaths: Readonly<Record<string, readonly string[]>> = {
  displayName: ['assetDetail.name', 'assetDetail.groupAssetClass.name', 'assetDetail.groupAssetClass.displayName'],
  visibility: ['assetDetail.groupAssetClass.visibility'],
  description: ['assetDetail.groupAssetClass.description'],
};

type Truth = (name: TruthName, select?: readonly string[]) => Iterable<JsonObject> | AsyncIterable<JsonObject>;

export async function tenantState(truth: Truth): Promise<TenantState> {
  const objects = async (name: TruthName, paths: object): Promise<Map<string, JsonObject>> => {
    const found = new Map<string, JsonObject>();
    for await (const object of truth(name, ['id', ...Object.keys(paths)])) found.set(String(object['id']), object);
    return found;
  };
  const [users, groups] = [await objects('users', userPaths), await objects('groups', groupPaths)];
  const relations = new Set<string>();
  for await (const { kind, from, to } of truth('edges')) {
    if (kind === 'member' && users.has(String(to))) relations.add(`${String(to)} assetRelations[] ${String(from)}`);
  }
  // A group's roles; a user's are no part of its document (decision 33).
  for await (const { roleDefinitionId, principalId } of truth('roleAssignments')) {
    if (groups.has(String(principalId))) relations.add(`${String(principalId)} assetRelations[] ${String(roleDefinitionId)}`);
  }
  for await (const { id, principalId } of truth('appRoleAssignments')) {
    const of = users.has(String(principalId)) ? 'user' : groups.has(String(principalId)) ? 'group' : null;
    if (of !== null) relations.add(`${String(principalId)} assetDetail.${of}AssetClass.permissions[] ${String(id)}`);
  }
  return { users, groups, relations };
}

/** What the verb prints. */
export async function toldBy(database: Database, words: { readonly since: string; readonly connection: string }): Promise<ToldLine[]> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const output = createOutput({ format: 'ndjson', stdout, stderr });
  const never = () => Promise.reject(new Error('Not asked for.'));
  const printed = text(stdout);
  await changes({ output, config: never, temporal: never, database: () => Promise.resolve(database) }, undefined, {
    ...words,
    limit: 100_000,
  });
  stdout.end();
  const lines = (await printed).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as ToldLine);
}

/** A line of `changes`, as far as it is compared. */
export interface ToldLine {
  readonly run: string;
  readonly class: string;
  readonly id: string;
  readonly change: string;
  readonly paths: readonly { readonly path: string; readonly before: unknown; readonly after: unknown }[];
}

/** `CLASS ID CHANGE` and its paths, sorted: what both sides are compared as. */
export function expectedChanges(before: TenantState, after: TenantState): string[] {
  return [
    ...changesOf('user', before.users, after.users, userPaths, { before, after }),
    ...changesOf('group', before.groups, after.groups, groupPaths, { before, after }),
  ].sort();
}

function changesOf(
  of: string,
  was: ReadonlyMap<string, JsonObject>,
  is: ReadonlyMap<string, JsonObject>,
  paths: Readonly<Record<string, readonly string[]>>,
  { before, after }: { readonly before: TenantState; readonly after: TenantState },
): string[] {
  const related = new Map<string, string[]>();
  const note = (from: ReadonlySet<string>, to: ReadonlySet<string>, sign: string): void => {
    for (const relation of from) {
      const [principal = '', path = '', id = ''] = relation.split(' ');
      // A group that is gone is told itself.
      const other = path === 'assetRelations[]' && before.groups.has(id) && !after.groups.has(id);
      if (to.has(relation) || other) continue;
      related.set(principal, [...(related.get(principal) ?? []), `${path} ${sign}${id}`]);
    }
  };
  note(before.relations, after.relations, '-');
  note(after.relations, before.relations, '+');
  const told: string[] = [];
  for (const id of new Set([...was.keys(), ...is.keys()])) {
    const [old, now] = [was.get(id), is.get(id)];
    if (old === undefined) told.push(`${of} ${id} added`);
    else if (now === undefined) told.push(`${of} ${id} removed`);
    else {
      const changed = Object.entries(paths).flatMap(([property, targets]) => {
        const [from, to] = [old, now].map((object) =>
          property === 'accountEnabled' ? status(object[property]) : (object[property] ?? null),
        );
        return from === to ? [] : targets.map((path) => `${path} ${JSON.stringify(from)}→${JSON.stringify(to)}`);
      });
      const all = [...changed, ...(related.get(id) ?? [])].sort();
      if (all.length > 0) told.push([`${of} ${id} changed`, ...all].join('; '));
    }
  }
  return told;
}

export function toldChanges(lines: readonly ToldLine[]): string[] {
  return lines.map(({ class: of, id, change, paths }) => [`${of} ${id} ${change}`, ...paths.map(pathText).sort()].join('; ')).sort();
}

function pathText({ path, before, after }: ToldLine['paths'][number]): string {
  const name = path.replace(/^asset\./, '');
  if (!name.endsWith('[]')) return `${name} ${JSON.stringify(before)}→${JSON.stringify(after)}`;
  const element = (before ?? after) as { readonly id?: string; readonly assetHeader?: { readonly vendorAssetId: string } };
  return `${name} ${before === null ? '+' : '-'}${element.id ?? element.assetHeader?.vendorAssetId}`;
}
