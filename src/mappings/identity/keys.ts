// The keys of an asset by the rules: two assets with one key are one thing by that rule. Pure.
import { type AssetFacts, eitherWay, type Read, readHostname, readMac, readText, readUuid } from './facts.ts';
import { type Rule, rules } from './rules.ts';

/** Of how keys are made. MUST move when the same facts give other keys: those that are stored are then made anew. */
export const keysVersion = 1;

export interface IdentityKey {
  readonly rule: Rule;
  readonly key: string;
}

export interface IdentityKeys {
  readonly keys: readonly IdentityKey[];
  /** Rules that give no key: what is missing or says nothing. */
  readonly without: readonly { readonly rule: Rule; readonly why: string }[];
}

/** By all rules, whichever are on: that is a matter of reading. All that a rule asks for must be there. */
export function identityKeys(facts: AssetFacts): IdentityKeys {
  const keys: IdentityKey[] = [];
  const without: { rule: Rule; why: string }[] = [];
  for (const rule of rules) {
    const found = ways[rule](facts);
    if ('why' in found) without.push({ rule, why: found.why });
    else if (found.keys.some(({ length }) => length > longestKey)) without.push({ rule, why: 'it is too long' });
    else for (const key of found.keys) keys.push({ rule, key });
  }
  return { keys, without };
}

/** What an index can hold, also where each character is escaped. */
const longestKey = 340;

type Found = { readonly keys: readonly string[] } | { readonly why: string };

const ways: Readonly<Record<Rule, (facts: AssetFacts) => Found>> = {
  'resource-id': ({ resourceId }) => one('resource id', readText(resourceId)),
  'vm-id': ({ vmId }) => one('VM id', readUuid(vmId)),
  // Azure shows a machine's BIOS UUID as its VM id.
  'bios-uuid': ({ biosUuid, vmId }) => {
    const found = [biosUuid, vmId].map(readUuid).find((read) => 'value' in read) ?? readUuid(biosUuid);
    return one('BIOS UUID', 'value' in found ? { value: eitherWay(found.value) } : found);
  },
  'mac-and-hostname': ({ macs, hostname }) => {
    const host = readHostname(hostname);
    if ('why' in host) return { why: `hostname: ${host.why}` };
    const reads = macs.map(readMac);
    const good = reads.flatMap((read) => ('value' in read ? [read.value] : []));
    const [bad] = reads.flatMap((read) => ('why' in read ? [read.why] : []));
    if (good.length === 0) return { why: `MAC address: ${bad ?? 'there is none'}` };
    return { keys: [...new Set(good)].sort().map((mac) => joined([mac, host.value])) };
  },
  'hostname-and-subscription': ({ hostname, subscription }) => {
    const host = readHostname(hostname);
    if ('why' in host) return { why: `hostname: ${host.why}` };
    const of = readText(subscription);
    return 'why' in of ? { why: `subscription: ${of.why}` } : { keys: [joined([host.value, of.value])] };
  },
};

const one = (what: string, read: Read): Found => ('value' in read ? { keys: [read.value] } : { why: `${what}: ${read.why}` });

/** No part can be taken for another. */
const joined = (parts: readonly string[]): string => JSON.stringify(parts);
