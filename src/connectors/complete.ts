// From a connection file's keys to the complete connection: defaults, and the checks that need other keys, the connector or the time.
import { endpointsOf } from './clouds.ts';
import type { ConnectorDefinition, StreamDefinition } from './definition.ts';
import type { CustomMaps } from './customMap.ts';
import { isReference } from './credentials.ts';
import { connectors } from './index.ts';
import type { ConnectionInput } from './input.ts';
import type { Fault } from './issue.ts';
import { faultsOfIssues } from './issue.ts';
import { completeProfile } from './profile.ts';
import { outlivesCursors } from './schedule.ts';
import { fulfilOf } from './identity-manager/fulfil.ts';
import { askedStreams, ordersStream } from './select.ts';
import type { ConnectionSpec, ProfileSpec } from './spec.ts';
import { suggestion } from './suggest.ts';

export interface CompleteOptions {
  readonly now: Date;
  /** The connection as stored: a start that the file leaves out stays what it was. */
  readonly previous: ConnectionSpec | null;
  /** The maps of the users' own; null: not known yet. */
  readonly maps: CustomMaps | null;
  /** The PEM that `endpoints.caFile` names; null when it names none. */
  readonly ca: string | null;
}

/** Fills the defaults and checks what depends on other keys, the connector and the time. All faults are found at once. */
export function completeSpec(
  input: ConnectionInput,
  options: CompleteOptions,
): { readonly spec: ConnectionSpec | null; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const connector = connectors.find((candidate) => candidate.name === input.connector);
  if (connector === undefined) {
    const names = connectors.map((candidate) => candidate.name);
    faults.push({
      path: ['connector'],
      reason: `is not a connector of this version${suggestion(input.connector, names)}; known: ${names.join(', ')}`,
    });
    return { spec: null, faults };
  }
  const { refusedSettings = {} } = connector;
  const others = Object.entries(input.settings).filter(([key]) => {
    const reason = Object.hasOwn(refusedSettings, key) ? refusedSettings[key] : undefined;
    if (reason !== undefined) faults.push({ path: ['settings', key], reason, onKey: true });
    return reason === undefined;
  });
  const settings = connector.settings.safeParse(Object.fromEntries(others));
  faults.push(...faultsOfIssues(settings.error?.issues ?? [], ['settings']));
  const scope = settings.data?.['scope'];
  if (typeof scope === 'string' && !isOfGraph(scope, input))
    faults.push({ path: ['settings', 'scope'], reason: "must be of Graph's origin: a token for another API would be sent to Graph" });
  const { endpoints, faults: ofEndpoints } = completeEndpoints(input, connector, options.ca);
  faults.push(...ofEndpoints);
  const profiles = input.profiles.map((profile, position) => {
    const before = options.previous?.profiles.find((known) => known.name === profile.name) ?? null;
    const found = completeProfile(profile, connector, { now: options.now, before, maps: options.maps });
    for (const fault of found.faults) faults.push({ path: ['profiles', position, ...fault.path], reason: fault.reason });
    return found.profile;
  });
  const hasOrders = connector.writes === true && fulfilOf({ settings: settings.data ?? {} }).orders !== undefined;
  faults.push(...between(profiles, askedStreams(connector, settings.data ?? {}), hasOrders));
  const { credentials } = input;
  const named = new Set(profiles.flatMap(({ maps }) => Object.values(maps)));
  const spec: ConnectionSpec = {
    name: input.name,
    title: input.title ?? input.name,
    description: input.description,
    connector: input.connector,
    credentials: {
      tenantId: credentials.tenantId.toLowerCase(),
      clientId: isReference(credentials.clientId) ? credentials.clientId : credentials.clientId.toLowerCase(),
      clientSecret: credentials.clientSecret ?? null,
      clientCertificate: credentials.clientCertificate ?? null,
      identity: credentials.identity ?? null,
    },
    cloud: input.cloud,
    endpoints,
    ...(input.endpoints?.registries === undefined ? {} : { registries: input.endpoints.registries }),
    settings: settings.data ?? {},
    guard: input.guard,
    rejects: input.rejects,
    profiles,
    customMaps: Object.fromEntries(Object.entries(options.maps ?? {}).filter(([name]) => named.has(name))),
  };
  return { spec: faults.length === 0 ? spec : null, faults };
}

function isOfGraph(scope: string, { cloud, endpoints }: ConnectionInput): boolean {
  const custom = cloud === 'custom' ? endpoints?.graph : undefined;
  if (cloud === 'custom' && custom === undefined) return true;
  return new URL(scope).origin === new URL(custom ?? endpointsOf({ cloud, endpoints: null }).graph).origin;
}

/** Where a custom cloud is; registries may be named in any. */
function completeEndpoints(
  { cloud, endpoints }: ConnectionInput,
  connector: ConnectorDefinition,
  ca: string | null,
): { readonly endpoints: ConnectionSpec['endpoints']; readonly faults: readonly Fault[] } {
  const { registries, ...given } = endpoints ?? {};
  const faults: Fault[] = [];
  if (registries !== undefined && connector.queries === undefined)
    faults.push({ path: ['endpoints', 'registries'], reason: `has nothing to act on: ${connector.name} reads no registries` });
  if (cloud !== 'custom') {
    if (Object.keys(given).length > 0) faults.push({ path: ['endpoints'], reason: 'is accepted with cloud: custom only' });
    return { endpoints: null, faults };
  }
  const { login, graph, arm } = given;
  const required = { login, graph, ...(connector.queries === undefined ? {} : { arm }) };
  if (endpoints === undefined) faults.push({ path: ['endpoints'], reason: 'is required with cloud: custom' });
  else
    for (const [key, address] of Object.entries(required))
      if (address === undefined) faults.push({ path: ['endpoints', key], reason: 'is required with cloud: custom' });
  if (login === undefined || graph === undefined) return { endpoints: null, faults };
  return { endpoints: { login, graph, ...(arm === undefined ? {} : { arm }), ca }, faults };
}

/** What a connection's owner should know although it is valid (decision 16). */
export function notesOf(spec: ConnectionSpec): string[] {
  return spec.profiles
    .filter((profile) => outlivesCursors(profile.schedule) && profile.streams?.includes(ordersStream) !== true)
    .map((profile) => `Profile "${profile.name}": its runs are 7 days or more apart, and delta links live 7 days, so every run is full.`);
}

/** Faults between profiles: names, and streams that two active ones would both write. */
function between(profiles: readonly ProfileSpec[], streams: readonly StreamDefinition[], hasOrders: boolean): Fault[] {
  const faults: Fault[] = [];
  const names = new Set<string>();
  const owners = new Map<string, string>();
  profiles.forEach((profile, position) => {
    if (names.has(profile.name.toLowerCase()))
      faults.push({ path: ['profiles', position, 'name'], reason: 'is the name of an earlier profile (case does not count)' });
    names.add(profile.name.toLowerCase());
    if (profile.status !== 'active') return;
    if (!hasOrders && profile.streams?.includes(ordersStream) === true) {
      const reason = 'has orders, and settings.fulfil.orders names no directory to read them from';
      faults.push({ path: ['profiles', position, 'streams'], reason });
    }
    const unknown = profile.streams?.findIndex((name) => name !== ordersStream && !streams.some((stream) => stream.name === name)) ?? -1;
    if (unknown >= 0)
      faults.push({ path: ['profiles', position, 'streams', unknown], reason: 'is not among those that the settings ask for' });
    for (const stream of profile.streams ?? streams.filter((candidate) => !candidate.optional).map((candidate) => candidate.name)) {
      const owner = owners.get(stream);
      if (owner !== undefined) {
        faults.push({
          path: ['profiles', position, 'streams'],
          reason: `has "${stream}", which belongs to the active profile "${owner}"; a stream has one active profile`,
        });
      }
      owners.set(stream, owner ?? profile.name);
    }
  });
  return faults;
}
