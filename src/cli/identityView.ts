// One asset's identity as `assets explain` shows it: what is one with it and by which keys, what is not though a key is shared, and what gives no key.
import type { NotJoined } from '../mappings/identity/join.ts';
import { identityKeys } from '../mappings/identity/keys.ts';
import type { Rule } from '../mappings/identity/rules.ts';
import type { FoundAsset } from '../store/asset.ts';
import type { Connection } from '../store/connection.ts';
import type { Database } from '../store/database.ts';
import { readRecord } from '../store/record.ts';
import { factsIn, identitiesOf, linksFrom, type NamedAsset, nameOf, rulesInForce } from './identities.ts';
import type { Column, Output } from './output.ts';
import { indented } from './scoreText.ts';

export interface IdentityView {
  /** Assets of other connections that are one with it, each by the key that it shares with another of them. */
  readonly assets: readonly (NamedAsset & { readonly rule: Rule; readonly key: string; readonly with: NamedAsset })[];
  readonly notJoined: readonly (Pick<NotJoined, 'rule' | 'key' | 'why'> & { readonly assets: readonly NamedAsset[] })[];
  /** Rules that give no key for it. */
  readonly without: readonly { readonly rule: Rule; readonly why: string }[];
  /** Why there is nothing to tell, or not all. */
  readonly note: string | null;
}

export async function identityOf(database: Database, asset: FoundAsset, connections: readonly Connection[]): Promise<IdentityView> {
  const none = { assets: [], notJoined: [], without: [] };
  const shown = factsIn(asset.stream);
  if (shown === null)
    return {
      ...none,
      note: `Assets of the class ${asset.class} from ${asset.stream} show nothing by which others could be one with them.`,
    };
  if (asset.state !== 'live' || asset.excluded === true) return { ...none, note: 'It is not listed, and so one with nothing.' };
  const rules = await rulesInForce(database, connections);
  const identities = await identitiesOf(database, [asset], rules);
  const own = nameOf(asset);
  const all = new Set([own, ...identities.of(asset)]);
  const record = await readRecord(database, asset);
  const { without } = identityKeys(shown({ id: asset.id, body: record?.body ?? {} }));
  const isOff = (rule: Rule): boolean => rules.off.some((one) => one.connection === asset.connection && one.rule === rule);
  return {
    assets: linksFrom(own, identities.links).map(({ name, by: { rule, key }, with: other }) => ({
      ...identities.asset(name),
      rule,
      key,
      with: identities.asset(other),
    })),
    notJoined: identities.notJoined
      .filter(({ assets }) => assets.some((name) => all.has(name)))
      .map(({ rule, key, why, assets }) => ({ rule, key, why, assets: assets.map(identities.asset) })),
    without: rules.installation.order.flatMap((rule) => {
      if (rules.installation.off.includes(rule)) return [{ rule, why: 'it is off for the installation' }];
      if (isOff(rule)) return [{ rule, why: `it is off for ${asset.connection}` }];
      return without.filter((one) => one.rule === rule);
    }),
    note: identities.note,
  };
}

const named = ({ connection, id }: NamedAsset): string => `${connection} ${id}`;

const joinedColumns: readonly Column<IdentityView['assets'][number]>[] = [
  { title: 'connection', value: ({ connection }) => connection },
  { title: 'class', value: (row) => row.class },
  { title: 'id', value: ({ id }) => id },
  { title: 'by', value: ({ rule }) => rule },
  { title: 'key', value: ({ key }) => key },
  { title: 'with', value: (row) => named(row.with) },
];

const apartColumns: readonly Column<IdentityView['notJoined'][number]>[] = [
  { title: 'by', value: ({ rule }) => rule },
  { title: 'key', value: ({ key }) => key },
  { title: 'why not', value: ({ why }) => why },
  { title: 'of', value: ({ assets }) => assets.map(named).join(', ') },
];

const withoutColumns: readonly Column<IdentityView['without'][number]>[] = [
  { title: 'rule', value: ({ rule }) => rule },
  { title: 'why', value: ({ why }) => why },
];

export async function identityText({ assets, notJoined, without, note }: IdentityView, output: Output): Promise<string> {
  const parts = [
    assets.length === 0 ? 'identity: one with no asset of another connection' : 'identity: one with',
    ...(assets.length === 0 ? [] : [indented(await output.table(assets, joinedColumns))]),
    ...(notJoined.length === 0 ? [] : ['not one, though they share a key:', indented(await output.table(notJoined, apartColumns))]),
    ...(without.length === 0 ? [] : ['rules that give no key:', indented(await output.table(without, withoutColumns))]),
    ...(note === null ? [] : [note]),
  ];
  return parts.join('\n');
}
