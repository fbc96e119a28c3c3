// Which assets are one thing, from the keys they have now: nothing is remembered, so what was joined is apart again when its evidence goes. Pure.
import type { IdentityKey } from './keys.ts';
import type { Rule } from './rules.ts';

/** An asset with its keys by the rules that are on for its source. */
export interface KeyedAsset {
  /** Unique among all assets. */
  readonly asset: string;
  /** Whose word it is: assets of one source are told apart by its own keys, and are never one. */
  readonly source: string;
  readonly keys: readonly IdentityKey[];
}

/** Why two assets are one. */
export interface Link {
  readonly rule: Rule;
  readonly key: string;
  readonly assets: readonly [string, string];
}

/** A key that several assets have and that joins them not. */
export interface NotJoined {
  readonly rule: Rule;
  readonly key: string;
  readonly assets: readonly string[];
  readonly why: 'two assets of one source have this key' | 'it would join two assets of one source';
}

export interface Joined {
  /** The assets of each identity, sorted; an asset that is like no other is alone. The first names the identity. */
  readonly identities: readonly (readonly string[])[];
  readonly links: readonly Link[];
  readonly notJoined: readonly NotJoined[];
}

/**
 * By each of these rules in its order: assets with one key are joined, unless that would make one of two that their source tells apart.
 * The order of the assets does not matter.
 */
export function joinAssets(assets: readonly KeyedAsset[], order: readonly Rule[]): Joined {
  const sorted = assets.toSorted((a, b) => (a.asset < b.asset ? -1 : 1));
  const groups = new Groups(sorted);
  const links: Link[] = [];
  const notJoined: NotJoined[] = [];
  for (const rule of order) {
    for (const [key, holders] of holdersBy(rule, sorted)) {
      const names = holders.map(({ asset }) => asset);
      if (new Set(holders.map(({ source }) => source)).size < holders.length) {
        notJoined.push({ rule, key, assets: names, why: 'two assets of one source have this key' });
        continue;
      }
      const [first, ...others] = names;
      for (const other of others) {
        if (first === undefined || groups.same(first, other)) continue;
        if (groups.join(first, other)) links.push({ rule, key, assets: [first, other] });
        else notJoined.push({ rule, key, assets: [first, other], why: 'it would join two assets of one source' });
      }
    }
  }
  return { identities: groups.all(), links, notJoined };
}

/** Keys that more than one asset has, in order. */
function holdersBy(rule: Rule, assets: readonly KeyedAsset[]): [string, KeyedAsset[]][] {
  const found = new Map<string, KeyedAsset[]>();
  for (const asset of assets) {
    for (const one of asset.keys) {
      if (one.rule !== rule) continue;
      const holders = found.get(one.key);
      if (holders === undefined) found.set(one.key, [asset]);
      else holders.push(asset);
    }
  }
  return [...found].filter(([, holders]) => holders.length > 1).sort(([a], [b]) => (a < b ? -1 : 1));
}

interface Group {
  readonly assets: readonly string[];
  readonly sources: ReadonlySet<string>;
}

class Groups {
  readonly #of = new Map<string, Group>();

  constructor(assets: readonly KeyedAsset[]) {
    for (const { asset, source } of assets) this.#of.set(asset, { assets: [asset], sources: new Set([source]) });
  }

  same(a: string, b: string): boolean {
    return this.#of.get(a) === this.#of.get(b);
  }

  /** @returns whether they are one now */
  join(a: string, b: string): boolean {
    const [one, other] = [this.#of.get(a), this.#of.get(b)];
    if (one === undefined || other === undefined || [...one.sources].some((source) => other.sources.has(source))) return false;
    const whole = { assets: [...one.assets, ...other.assets].sort(), sources: new Set([...one.sources, ...other.sources]) };
    for (const asset of whole.assets) this.#of.set(asset, whole);
    return true;
  }

  all(): (readonly string[])[] {
    return [...new Set(this.#of.values())].map(({ assets }) => assets).sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  }
}
