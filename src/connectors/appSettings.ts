// Identity Manager's appsettings.agent.json (document 003, decision 43): its connections to Microsoft Entra ID as connection files of ours. Pure.
// MUST NOT repeat a value in a fault: the file holds secrets.
import { z } from 'zod';
import type { JsonObject } from '../model.ts';
import { type Cloud, cloudNames, endpointsOf } from './clouds.ts';
import type { Fault } from './issue.ts';
import { faultsOfIssues } from './issue.ts';

/** A secret that the file has in plain, to be kept sealed under its name. */
export interface ImportedSecret {
  readonly name: string;
  readonly value: string;
}

export interface ImportedConnection {
  /** As a connection file has it. */
  readonly value: JsonObject;
  readonly secret: ImportedSecret;
  /** Where the appsettings have what our key at a path says. */
  readonly placeOf: (path: Fault['path']) => Fault['path'];
  readonly notes: readonly string[];
}

const text = z.string().max(2_048);
/** Their samples leave optional keys empty. */
const optional = text.transform((given) => (given === '' ? undefined : given)).optional();

const entry = z.strictObject({
  ApplicationId: text,
  ApplicationKey: text.min(1, 'must not be empty'),
  TenantId: text,
  ResponseUri: optional,
  MicrosoftAuthorityPath: optional,
  MicrosoftGraphPath: optional,
  MicrosoftGraphPathApi: optional,
});
type Entry = z.output<typeof entry>;

const keys = new Map([['Connections.*', Object.keys(entry.shape)]]);

export const isAppSettings = (value: object): value is { readonly Connections: unknown } => 'Connections' in value;

/** Those connections that have an ApplicationId; others, of other systems, are left to Identity Manager. */
export function readAppSettings(value: { readonly Connections: unknown }): {
  readonly connections: readonly ImportedConnection[];
  readonly faults: readonly Fault[];
} {
  const all = z.record(z.string(), z.record(z.string(), z.unknown())).safeParse(value.Connections);
  if (!all.success)
    return { connections: [], faults: [{ path: ['Connections'], reason: 'must have a section of keys for each connection' }] };
  const ours = Object.entries(all.data).filter(([, section]) => 'ApplicationId' in section);
  if (ours.length === 0) return { connections: [], faults: [{ path: ['Connections'], reason: 'has no connection to Microsoft Entra ID' }] };
  const faults: Fault[] = [];
  const others = Object.keys(all.data).filter((identifier) => !ours.some(([name]) => name === identifier));
  const connections = ours.flatMap(([identifier, section]): ImportedConnection[] => {
    const at = ['Connections', identifier];
    const parsed = entry.safeParse(section, { reportInput: false });
    const found = faultsOfIssues(parsed.error?.issues ?? [], at, new Map([[at.join('.'), keys.get('Connections.*') ?? []]]));
    const reason = identifierFault(identifier);
    faults.push(...found, ...(reason === null ? [] : [{ path: at, reason, onKey: true as const }]));
    if (!parsed.success || reason !== null) return [];
    const cloud = cloudOf(parsed.data);
    if ('fault' in cloud) faults.push({ path: [...at, cloud.key], reason: cloud.fault });
    return 'fault' in cloud ? [] : [imported(identifier, parsed.data, cloud, others)];
  });
  return { connections, faults };
}

/** The document's rule. */
function identifierFault(identifier: string): string | null {
  if (/^\d/.test(identifier)) return 'must not begin with a digit';
  return /[<>:"/\\|?*_\p{Cc}]/u.test(identifier) || identifier === '' ? 'must not contain < > : " / \\ | ? * or _' : null;
}

type Target =
  | { readonly cloud: Cloud }
  | { readonly cloud: 'custom'; readonly endpoints: { readonly login: string; readonly graph: string } };

/** The cloud that the addresses are of, else their own. */
function cloudOf({
  MicrosoftAuthorityPath: authority,
  MicrosoftGraphPathApi: api,
  TenantId,
}: Entry): Target | { readonly key: string; readonly fault: string } {
  const standard = endpointsOf({ cloud: 'global', endpoints: null });
  const graph = (api ?? standard.graph).replace(/\/+$/, '');
  const known = cloudNames.filter((cloud) => cloud !== 'custom').map((cloud) => ({ cloud, ...endpointsOf({ cloud, endpoints: null }) }));
  const login =
    authority === undefined ? (known.find((one) => one.graph === graph)?.login ?? standard.login) : loginOf(authority, TenantId);
  if (login === null) {
    return { key: 'MicrosoftAuthorityPath', fault: 'must be an address and the tenant behind it, as {0} or {tenantId}' };
  }
  const same = known.find((one) => one.graph === graph && one.login === login);
  return same === undefined ? { cloud: 'custom', endpoints: { login, graph } } : { cloud: same.cloud };
}

function loginOf(authority: string, tenant: string): string | null {
  const whole = authority.replace(/\{0\}|\{tenantId\}/gi, tenant);
  if (!URL.canParse(whole)) return null;
  const { origin, pathname, search, hash } = new URL(whole);
  const path = decodeURIComponent(pathname).replace(/\/+$/, '');
  return search === '' && hash === '' && path.toLowerCase() === `/${tenant.toLowerCase()}` ? origin : null;
}

function imported(identifier: string, found: Entry, target: Target, others: readonly string[]): ImportedConnection {
  const name = identifier.replaceAll(/[^A-Za-z0-9.-]/g, '-');
  const secret = `${name}/ApplicationKey`;
  const scope = found.MicrosoftGraphPath;
  return {
    value: {
      name,
      title: identifier,
      connector: 'identity-manager',
      credentials: { tenantId: found.TenantId, clientId: found.ApplicationId, clientSecret: `secret:${secret}` },
      ...target,
      settings: {
        ...(scope === undefined ? {} : { scope }),
        ...(name === identifier ? {} : { export: { name: identifier } }),
      },
      profiles: [{ name: 'default' }],
    },
    secret: { name: secret, value: found.ApplicationKey },
    placeOf: (path) => ['Connections', identifier, ...(places.get(path.slice(0, 2).join('.')) ?? [])],
    notes: [
      `Its ApplicationKey is kept as secret:${secret}, and only that reference in the connection: it can be taken out of the file.`,
      ...(name === identifier ? [] : [`Its identifier "${identifier}" stays its title and the name of its files.`]),
      ...(others.length === 0 ? [] : [`Not imported, for they are of other systems: ${others.join(', ')}.`]),
    ],
  };
}

const places = new Map([
  ['credentials.tenantId', ['TenantId']],
  ['credentials.clientId', ['ApplicationId']],
  ['credentials.clientSecret', ['ApplicationKey']],
  ['endpoints.login', ['MicrosoftAuthorityPath']],
  ['endpoints.graph', ['MicrosoftGraphPathApi']],
  ['settings.scope', ['MicrosoftGraphPath']],
]);
