// Simulated registries on loopback: each has a port of its own, and all share one server, one storage and one content.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer, type Server } from 'node:net';
import type { Answer } from '../answer.ts';
import type { ServerCertificate } from '../certificates.ts';
import { type Fault, type FaultPlan, isReplacing, isTransport, type ReplacingFault } from '../faults.ts';
import { noWindow, type QuotaWindow, secondsLeft, spend } from '../quota.ts';
import type { SeenRequest } from '../server.ts';
import { send } from '../transport.ts';
import {
  answerRegistry,
  answerStorage,
  phaseOf,
  refuse,
  type RegistryAccess,
  type RegistrySettings,
  type RegistryWorld,
} from './answers.ts';
import type { RegistryContent } from './content.ts';
import { createIssuer } from './tokens.ts';

export interface RegistriesOptions {
  readonly content: RegistryContent;
  /** Of `localhost`. */
  readonly certificates: ServerCertificate;
  /** Whether Microsoft's token is one of the audience `https://containerregistry.azure.net` that lives. */
  readonly accepts: (token: string) => boolean;
  readonly settings?: Partial<RegistrySettings>;
  /** The simulated time. @default the machine's */
  readonly nowMs?: () => number;
  /** The first registry's port; the others' follow it, and the storage's is the last. 0: any free ones. */
  readonly port: number;
  /** @default 127.0.0.1 */
  readonly host?: '127.0.0.1' | '::1';
  readonly plan: FaultPlan;
  readonly record: (request: SeenRequest) => void;
}

export interface Registries {
  /** By number: `localhost:PORT`. */
  readonly hosts: readonly string[];
  /** Where blobs lie. */
  readonly storage: string;
  configure(settings: Partial<RegistrySettings>): void;
  /** What this registry gives from now on. */
  grant(host: string, access: Partial<RegistryAccess>): void;
  close(): Promise<void>;
}

const largestForm = 64 * 1024;
const windowMs = 60_000;

export async function startRegistries(options: RegistriesOptions): Promise<Registries> {
  const { content, certificates, accepts, plan, record, nowMs = Date.now } = options;
  const settings: RegistrySettings = { tokenLifetimeS: 4500, pageSize: 100, readsPerMinute: null, ...options.settings };
  const access = new Map<number, RegistryAccess>();
  const hosts: string[] = [];
  const ports = new Map<number, number>();
  const windows = new Map<number, QuotaWindow>();
  let storage = '';
  const world: RegistryWorld = {
    content,
    issuer: createIssuer(nowMs),
    settings,
    hosts,
    storage: () => storage,
    nowMs,
    access: (registry) => access.get(registry) ?? { pull: true, catalog: true },
    accepts,
  };

  /** What the quota says, or null while it is not spent. */
  const metered = (registry: number): Answer | null => {
    if (settings.readsPerMinute === null) return null;
    const window = windows.get(registry) ?? noWindow();
    windows.set(registry, window);
    spend(window, nowMs(), windowMs);
    if (window.spent <= settings.readsPerMinute) return null;
    return refuse(429, 'TOOMANYREQUESTS', 'Too many requests.', { 'retry-after': String(secondsLeft(window, nowMs())) });
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const registry = ports.get(request.socket.localPort ?? 0) ?? null;
    const host = registry === null ? null : (hosts[registry] ?? null);
    const url = new URL(request.url ?? '/', 'https://localhost');
    const { authorization } = request.headers;
    const method = request.method ?? 'GET';
    const phase = registry === null ? 'storage' : phaseOf(url.pathname);
    const form = new URLSearchParams(await readForm(request));
    const faults = plan.of(phase, `${method} ${host ?? ''}${request.url ?? ''}`);
    const replaced = faults.find(isReplacing);
    if (replaced?.kind === 'tokenDies') world.issuer.revoke();
    const answer =
      (replaced === undefined ? null : replacement(replaced)) ??
      (registry === null
        ? answerStorage(world, url, authorization)
        : (metered(registry) ?? answerRegistry(world, { registry, method, url, authorization, form })));
    const bytes = await send(request, response, edited(answer, faults), faults.filter(isTransport));
    record({
      host: host ?? new URL(storage).host,
      method,
      path: url.pathname,
      query: '',
      phase,
      status: answer.status,
      items: [],
      bytes,
      faults: faults.map(({ kind }) => kind),
      headers: authorization === undefined ? {} : { authorization: 'present' },
    });
  };

  const server = createTlsServer(
    { key: certificates.keyPem, cert: certificates.certificatePem, minVersion: 'TLSv1.2' },
    (request, response) => {
      serve(request, response).catch(() => response.destroy());
    },
  );
  server.on('tlsClientError', () => undefined);
  // One server's connections come from many ports: the port tells the registry.
  const listeners: Server[] = [];
  const open = async (place: number): Promise<number> => {
    const listener = createServer((socket) => server.emit('connection', socket));
    listeners.push(listener);
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(options.port === 0 ? 0 : options.port + place, options.host ?? '127.0.0.1', resolve);
    });
    const address = listener.address();
    if (address === null || typeof address === 'string') throw new Error('The registry has no port.');
    return address.port;
  };
  const { registries } = content.shape;
  for (let registry = 0; registry < registries; registry += 1) {
    const port = await open(registry);
    ports.set(port, registry);
    hosts.push(`localhost:${port}`);
  }
  storage = `https://localhost:${await open(registries)}`;

  return {
    hosts,
    storage,
    configure: (changed) => void Object.assign(settings, changed),
    grant: (host, given) => {
      const registry = hosts.indexOf(host);
      access.set(registry, { ...world.access(registry), ...given });
    },
    close: async () => {
      const closed = listeners.map((listener) => new Promise((resolve) => listener.close(resolve)));
      server.closeAllConnections();
      await Promise.all(closed);
    },
  };
}

/** The answer in the place of the real one; null for a fault that only changes what comes after. */
function replacement(fault: ReplacingFault): Answer | null {
  const wait = (retryAfter: number | string | undefined): Record<string, string> =>
    retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  switch (fault.kind) {
    case 'throttle':
      return refuse(429, 'TOOMANYREQUESTS', 'Too many requests.', wait(fault.retryAfter));
    case 'status':
      return refuse(fault.status, fault.code ?? 'UNKNOWN', fault.message ?? 'unknown error', wait(fault.retryAfter));
    case 'redirect':
      return { status: 307, headers: { location: fault.location }, body: '' };
    case 'body':
      return { status: 200, headers: {}, body: fault.text };
    case 'tokenDies':
      return null;
    default:
      throw new Error(`A registry has no fault ${fault.kind}.`);
  }
}

/** The answer with the headers that faults put in it. */
function edited(answer: Answer, faults: readonly Fault[]): Answer {
  const headers = { ...answer.headers };
  for (const fault of faults) if (fault.kind === 'header') headers[fault.name] = fault.value;
  return { ...answer, headers };
}

async function readForm(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > largestForm) throw new Error('The form is too large.');
  }
  return text;
}
