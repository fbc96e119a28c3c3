// A simulated Microsoft cloud on loopback: sign-in, directory and Azure's management over TLS, of any size, with changes and faults on demand.
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { JsonObject } from '../src/model.ts';
import { claimsOf } from './bearer.ts';
import { createCertificates, type ServerCertificate } from './certificates.ts';
import { quotaOf } from './cloud.ts';
import type { Cloud, Settings } from './cloud.ts';
import { FaultPlan } from './faults.ts';
import type { FaultRule } from './faults.ts';
import { mutateDeviceMix } from './deviceMix.ts';
import { joinMachines } from './joinedMachines.ts';
import { mutateMix } from './mix.ts';
import { applyMutation } from './mutations.ts';
import type { Mutation } from './mutations.ts';
import { operate } from './operate.ts';
import { defaultRoles } from './permissions.ts';
import { noWindow } from './quota.ts';
import type { Kind } from './random.ts';
import { Replication } from './replication.ts';
import { createSealer } from './seal.ts';
import { createContent, type RegistryContent } from './registry/content.ts';
import { type Registries, type RegistriesOptions, startRegistries } from './registry/registries.ts';
import { Estate, type EstateMutation } from './resourceGraph/estate.ts';
import { imageNames } from './resourceGraph/images.ts';
import { createManagement, managementAudience } from './resourceGraph/management.ts';
import { type EstateOptions, estateShapeOf } from './resourceGraph/shape.ts';
import { managementSite } from './resourceGraph/site.ts';
import { type EstateTruth, isEstateTruth, rowsOf } from './resourceGraph/truth.ts';
import { directorySite, serve } from './server.ts';
import type { SeenRequest, Site, Traffic } from './server.ts';
import type { ShapeOptions } from './shape.ts';
import { Tenant } from './tenant.ts';
import { truth } from './truth.ts';
import type { TruthName } from './truth.ts';
import { digestOf } from './writes/passwords.ts';

export const defaultIdentity = {
  tenantId: '6f0c1d1e-4c55-4d0b-9a59-3f1f6d5b2a11',
  clientId: 'a1f6e8c2-7d3b-4f90-8b6e-52f0c9d4e7a3',
  clientSecret: 'simulated-secret-not-for-use',
} as const;

/** What tokens for container registries are issued for. */
const registryAudience = 'https://containerregistry.azure.net';

/** The portal's default for a new secret. */
const secretLifeMs = 180 * 86_400_000;

/** Most requests remembered; the oldest go first. */
const mostSeen = 200_000;

export interface SimulatorOptions extends ShapeOptions {
  /** @default 0: any free one */
  readonly port?: number;
  /** The address to listen on; loopback only. @default 127.0.0.1 */
  readonly host?: '127.0.0.1' | '::1';
  readonly tenantId?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly settings?: Partial<Settings>;
  /** What there is in Azure. @default a little of everything */
  readonly estate?: EstateOptions;
  /** @default 0: any free one */
  readonly managementPort?: number;
  /** Of the first container registry; the others' follow it; 0: any free ones. @default none: findings name hosts of Azure that nobody serves */
  readonly registryPort?: number;
}

export interface Simulator {
  /** `https://localhost:PORT`: the login authority; the API is below `/v1.0`. */
  readonly origin: string;
  /** `https://localhost:PORT` of Azure's management. */
  readonly managementOrigin: string;
  readonly caPem: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly settings: Readonly<Settings>;
  configure(settings: Partial<Settings>): void;
  /** The id of the object at a position, for building explicit changes. */
  idOf(kind: Kind, index: number): string;
  /** Makes n changes of the deterministic mix, or exactly these; answers what was done. */
  mutate(changes: number | readonly Mutation[]): Mutation[];
  /** Makes n changes of the devices' own deterministic mix. */
  mutateDevices(changes: number): Mutation[];
  /** Makes exactly these changes of what there is in Azure. */
  mutateEstate(changes: readonly EstateMutation[]): void;
  readonly estate: Estate;
  /** The container registries of the estate, where they are served, and what they hold. */
  readonly registries: Registries | null;
  readonly content: RegistryContent;
  /** What the tenant holds now, or what rows there are in Azure. */
  truth(name: TruthName | EstateTruth, select?: readonly string[]): Generator<JsonObject>;
  /** Whether this password was the last one written for a user. */
  isPassword(id: string, password: string): boolean;
  addFaults(rules: readonly FaultRule[]): void;
  clearFaults(): void;
  requests(): readonly SeenRequest[];
  resetRequests(): void;
  /** Moves the simulated clock: tokens and links grow old. */
  advance(ms: number): void;
  close(): Promise<void>;
}

/** Of all simulators of a process: keys are made once, and so is what those keep who trust it. */
let shared: Promise<ServerCertificate> | null = null;

/** Starts the simulator. Rejects when the port is taken; throws RangeError for impossible sizes. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const tenant = new Tenant(options);
  const certificates = await (shared ??= createCertificates());
  let seen: SeenRequest[] = [];
  let offsetMs = 0;
  let origin = '';
  let managementOrigin = '';
  const identity = {
    tenantId: options.tenantId ?? defaultIdentity.tenantId,
    clientId: options.clientId ?? defaultIdentity.clientId,
    clientSecret: options.clientSecret ?? defaultIdentity.clientSecret,
  };
  const settings: Settings = {
    roles: defaultRoles,
    tokenLifetimeS: 3599,
    deltaPageSize: 200,
    deltaMemberPageSize: 1000,
    deltaEvents: 'net',
    quota: quotaOf(options.users),
    writeQuota: 3000,
    replicationLag: 0,
    secretExpired: false,
    passwords: [{ secret: identity.clientSecret, endDateTime: new Date(Date.now() + secretLifeMs).toISOString() }],
    federations: [],
    certificates: [],
    queryQuota: null,
    responseBytes: 16 << 20,
    readableSubscriptions: null,
    olderFindings: false,
    ...options.settings,
  };
  const cloud: Cloud = {
    tenant,
    settings,
    replication: new Replication(settings),
    ...identity,
    sealer: createSealer(`links ${identity.tenantId}`),
    size: JSON.stringify(tenant.shape),
    epoch: randomUUID(),
    now: () => Date.now() + offsetMs,
    origin: () => origin,
    audiences: () => ['https://graph.microsoft.com', origin, managementAudience, managementOrigin, registryAudience],
    tokenGeneration: 0,
  };
  const plan = new FaultPlan();
  const traffic: Traffic = {
    cloud,
    plan,
    meter: { reads: noWindow(), writes: noWindow() },
    memory: new Map(),
    record(request) {
      seen.push(request);
      if (seen.length > mostSeen) seen = seen.slice(mostSeen / 2);
    },
  };
  const shape = estateShapeOf(options.estate ?? {}, tenant.shape.seed);
  const content = createContent(shape);
  const registries = await registriesAt(options.registryPort, {
    content,
    certificates,
    accepts: (token) => claimsOf(cloud, `Bearer ${token}`)?.aud === registryAudience,
    nowMs: () => cloud.now(),
    plan,
    record: (request) => traffic.record(request),
    ...(options.host === undefined ? {} : { host: options.host }),
  });
  const images = imageNames(content, (registry) => registries?.hosts[registry] ?? null);
  const estate = new Estate(shape, { tenantId: identity.tenantId, images, shapes: settings });
  joinMachines(tenant, estate);
  const management = createManagement(
    { estate, settings, sealer: createSealer(`queries ${identity.tenantId}`), origin: () => managementOrigin },
    identity.tenantId,
  );
  const tls = { key: certificates.keyPem, cert: certificates.certificatePem, minVersion: 'TLSv1.2', keepAliveTimeout: 65_000 } as const;
  const servers: Server[] = [];
  const simulator: Simulator = {
    get origin() {
      return origin;
    },
    get managementOrigin() {
      return managementOrigin;
    },
    estate,
    registries,
    content,
    caPem: certificates.caPem,
    ...identity,
    settings,
    configure: (changed) => void Object.assign(settings, changed),
    idOf: (kind, index) => tenant.id({ kind, index }),
    mutate: (changes) =>
      typeof changes === 'number' ? mutateMix(tenant, changes) : changes.map((change) => applyMutation(tenant, change)),
    mutateDevices: (changes) => mutateDeviceMix(tenant, changes),
    mutateEstate: (changes) => changes.forEach((change) => estate.mutate(change)),
    truth: (name, select) => (isEstateTruth(name) ? rowsOf(estate, name) : truth(tenant, name, select ?? null)),
    isPassword: (id, password) => {
      const ref = tenant.find(id);
      return ref !== null && tenant.overlay(ref)?.password === digestOf(password);
    },
    addFaults: (rules) => plan.set(rules),
    clearFaults: () => plan.clear(),
    requests: () => seen,
    resetRequests: () => void (seen = []),
    advance: (ms) => void (offsetMs += ms),
    close: async () => {
      await registries?.close();
      await Promise.all(
        servers.map((server) => {
          server.closeAllConnections();
          return new Promise((resolve) => server.close(resolve));
        }),
      );
    },
  };
  const listen = async (site: Site, port: number | undefined): Promise<string> => {
    const server = createServer(tls, (request, response) => {
      const answering =
        request.url?.startsWith('/_simulator/') === true ? operate(simulator, request, response) : serve(traffic, site, request, response);
      answering.catch(() => response.destroy());
    });
    server.on('tlsClientError', () => undefined);
    servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port ?? 0, options.host ?? '127.0.0.1', resolve);
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('The simulator has no port.');
    return `https://localhost:${address.port}`;
  };
  origin = await listen(directorySite(traffic), options.port);
  managementOrigin = await listen(managementSite(traffic, management), options.managementPort);
  return simulator;
}

async function registriesAt(port: number | undefined, options: Omit<RegistriesOptions, 'port'>): Promise<Registries | null> {
  return port === undefined ? null : startRegistries({ ...options, port });
}
