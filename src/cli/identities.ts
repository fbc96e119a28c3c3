// Which assets of different connections are one, as verbs show it: worked out from the keys and rules of the moment (decision 57).
import { connectors } from '../connectors/index.ts';
import { TidemarkError } from '../errors.ts';
import { type Joined, joinAssets, type Link } from '../mappings/identity/join.ts';
import type { IdentityKey } from '../mappings/identity/keys.ts';
import type { FactsOf } from '../mappings/identity/records.ts';
import { type Rule, type RuleOrder, rules, rulesOn } from '../mappings/identity/rules.ts';
import type { FoundAsset } from '../store/asset.ts';
import type { Connection } from '../store/connection.ts';
import type { Database } from '../store/database.ts';
import { readIdentificationRules } from '../store/identificationRules.ts';
import { type AssetPlace, readTied, tiedAtMost } from '../store/identity.ts';
import { ruleOrder, rulesOff } from './identificationRules.ts';

export type NamedAsset = Pick<FoundAsset, 'connection' | 'class' | 'id'>;

interface RulesInForce {
  readonly installation: RuleOrder;
  readonly off: readonly { readonly connection: string; readonly rule: Rule }[];
}

export const rulesInForce = async (database: Database, connections: readonly Connection[]): Promise<RulesInForce> => ({
  installation: ruleOrder(await readIdentificationRules(database)),
  off: rulesOff(connections),
});

const facts = new Map(
  connectors
    .flatMap(({ streams }) => streams)
    .flatMap(({ name, identity }): [string, FactsOf][] => (identity === undefined ? [] : [[name, identity]])),
);

/** What records of the stream show; null: nothing. */
export const factsIn = (stream: string): FactsOf | null => facts.get(stream) ?? null;

export interface Identities extends Joined {
  /** By its name, as `joined` has it. */
  readonly asset: (name: string) => NamedAsset;
  /** The names of those that are one with it, its own among them. */
  readonly of: (place: AssetPlace) => readonly string[];
  /** null: all that is tied to them was looked at. */
  readonly note: string | null;
}

/** The identities of these assets. One statement; none where nothing of the kind is shown. */
export async function identitiesOf(
  database: Database,
  places: readonly AssetPlace[],
  { installation, off }: RulesInForce,
): Promise<Identities> {
  const order = rulesOn(installation);
  const showing = places.filter(({ stream }) => facts.has(stream));
  const { assets, complete } = await readTied(database, showing, { rules: order, off });
  const named = new Map(assets.map((asset) => [nameOf(asset), asset]));
  const joined = joinAssets(
    [...named].map(([asset, { connection, keys }]) => ({ asset, source: connection, keys: keys.flatMap(keyOf) })),
    order,
  );
  const identities = new Map(joined.identities.flatMap((identity) => identity.map((one) => [one, identity] as const)));
  return {
    ...joined,
    asset: (name) => {
      const found = named.get(name);
      if (found === undefined) throw new TidemarkError('INTERNAL', 'An identity has an asset that was not read.');
      return { connection: found.connection, class: found.class, id: found.id };
    },
    of: (place) => identities.get(nameOf(place)) ?? [],
    note: complete
      ? null
      : `More than ${tiedAtMost} further assets are tied by keys that they share: not all were looked at, and some may be shown apart that are one.`,
  };
}

export const nameOf = ({ connection, stream, id }: AssetPlace): string => JSON.stringify([connection, stream, id]);

/** Rules of a later release say nothing here. */
const keyOf = ({ rule, key }: { readonly rule: string; readonly key: string }): IdentityKey[] =>
  rules.flatMap((known) => (known === rule ? [{ rule: known, key }] : []));

/** From one asset to all that are one with it: each with the link that leads to it, and the asset on its other side. */
export function linksFrom(name: string, links: readonly Link[]): { readonly name: string; readonly by: Link; readonly with: string }[] {
  const found: { name: string; by: Link; with: string }[] = [];
  const reached = [name];
  for (const here of reached) {
    for (const by of links) {
      const [one, other] = by.assets;
      const next = one === here ? other : other === here ? one : here;
      if (reached.includes(next)) continue;
      reached.push(next);
      found.push({ name: next, by, with: here });
    }
  }
  return found;
}
