// Everything that Test Connection tells apart, each as it is produced: by a real socket, or by the simulated tenant.
import type { Simulator } from '../../simulator/simulator.ts';
import type { FaultRule } from '../../simulator/faults.ts';
import { createCertificates } from '../../simulator/certificates.ts';
import type { CauseName } from '../../src/checks/causes.ts';
import { clientPem, closedPort, droppingPort, plainServer, proxyServer, selfSigned, tlsServer } from './servers.ts';
import { type Given, proxied, type Site } from './site.ts';

export interface Trouble {
  readonly name: string;
  /** The text of the table that tells it; absent where the login or Graph have their own. */
  readonly tells?: CauseName;
  readonly make: (site: Site) => Promise<Given>;
}

/** Where a test waits for what does not come. */
const soon = 1_200;
const at = (port: number): string => `https://localhost:${port}`;
const day = 86_400_000;

/** Graph, reached at a port of its own; the login stays the simulator's. */
const graphAt = (port: number, more: Given = {}): Given => ({ graph: `${at(port)}/v1.0`, ...more });

/** A server with this certificate, which the connection trusts. */
const served =
  (of: Parameters<typeof createCertificates>[0], options?: Parameters<typeof tlsServer>[1]): Trouble['make'] =>
  async (site) => {
    const certificate = await createCertificates(of);
    const { port } = await site.keep(tlsServer(certificate, options));
    return graphAt(port, { ca: `${site.simulator.caPem}${certificate.caPem}` });
  };

const viaProxy =
  (answer: Parameters<typeof proxyServer>[0], more: Given = {}): Trouble['make'] =>
  async (site) => {
    const { port } = await site.keep(proxyServer(answer));
    return { ...proxied, ...more, proxy: { url: `http://user:CANARY-proxy@127.0.0.1:${port}`, except: null } };
  };

const faulty =
  (fault: FaultRule['fault'], rule: Omit<FaultRule, 'fault'>, given: Given = {}): Trouble['make'] =>
  async ({ simulator }) => {
    simulator.addFaults([{ ...rule, fault }]);
    return given;
  };
const discovery = { phase: 'discovery' } as const;
const token = { phase: 'token' } as const;
const graph = { match: '/v1.0/users' } as const;

const set =
  (settings: Parameters<Simulator['configure']>[0]): Trouble['make'] =>
  async ({ simulator }) => {
    simulator.configure(settings);
    return {};
  };
const given =
  (what: Given): Trouble['make'] =>
  async () =>
    what;

export const troubles: readonly Trouble[] = [
  { name: 'an origin that the worker does not allow', make: given({ login: 'https://login.elsewhere.example' }) },
  { name: 'a name that is not known', tells: 'nameUnknown', make: given({ login: 'https://no-such-host.invalid' }) },
  { name: 'a closed port', tells: 'refused', make: async (site) => graphAt((await site.keep(closedPort())).port) },
  { name: 'no way there', tells: 'unreachable', make: given({ graph: 'https://255.255.255.255/v1.0' }) },
  {
    name: 'a port that drops connections',
    tells: 'noConnection',
    make: async (site) => graphAt((await site.keep(droppingPort())).port, { withinMs: soon }),
  },
  {
    name: 'a proxy whose name is not known',
    tells: 'proxyNameUnknown',
    make: given({ ...proxied, proxy: { url: 'http://proxy.no-such-host.invalid:3128', except: null } }),
  },
  {
    name: 'a proxy that is not there',
    tells: 'proxyUnreachable',
    make: async (site) => ({ ...proxied, proxy: { url: `http://127.0.0.1:${(await site.keep(closedPort())).port}`, except: null } }),
  },
  { name: 'a proxy that asks for authentication', tells: 'proxyAuthentication', make: viaProxy({ status: 407 }) },
  { name: 'a proxy that refuses CONNECT', tells: 'proxyForbids', make: viaProxy({ status: 403 }) },
  { name: 'a proxy that does not reach the host', tells: 'proxyFails', make: viaProxy({ status: 502 }) },
  { name: 'a proxy that says nothing', tells: 'proxySilent', make: viaProxy(null, { withinMs: soon }) },

  {
    name: 'an expired certificate',
    tells: 'expired',
    make: served({ notBefore: new Date(Date.now() - 3 * day), notAfter: new Date(Date.now() - day) }),
  },
  { name: 'a certificate that is not yet valid', tells: 'notYetValid', make: served({ notBefore: new Date(Date.now() + day) }) },
  { name: 'a certificate for another name', tells: 'wrongName', make: served({ names: ['graph.contoso.example', 'contoso.example'] }) },
  {
    name: 'a certificate that is signed by itself',
    tells: 'selfSigned',
    make: async (site) => graphAt((await site.keep(tlsServer(await selfSigned()))).port),
  },
  {
    name: 'an authority that is not trusted',
    tells: 'unknownIssuer',
    make: async (site) => graphAt((await site.keep(tlsServer(await createCertificates({ authority: 'Contoso Web Filter' })))).port),
  },
  {
    name: 'a proxy that opens the traffic',
    tells: 'intercepted',
    make: async (site) => {
      const names = ['login.proxied.invalid', 'graph.proxied.invalid'];
      const { port } = await site.keep(tlsServer(await createCertificates({ names, authority: 'Contoso Inspection CA' })));
      return viaProxy({ to: port })(site);
    },
  },
  {
    name: 'a certificate that is none for servers',
    tells: 'otherCertificate',
    make: served({ purpose: 'client' }),
  },
  {
    name: 'TLS 1.1 at most',
    tells: 'oldProtocol',
    make: served({}, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
  },
  { name: 'no cipher in common', tells: 'noCipher', make: served({}, { maxVersion: 'TLSv1.2', ciphers: 'AECDH-NULL-SHA:@SECLEVEL=0' }) },
  {
    name: 'no TLS at all',
    tells: 'noTls',
    make: async (site) => graphAt((await site.keep(plainServer((socket) => void socket.write('220 mail.contoso.example ESMTP\r\n')))).port),
  },
  {
    name: 'a handshake that is broken off',
    tells: 'handshakeBroken',
    make: async (site) => graphAt((await site.keep(plainServer((socket) => void socket.once('data', () => socket.destroy())))).port),
  },
  {
    name: 'a handshake that hangs',
    tells: 'handshakeSilent',
    make: async (site) => graphAt((await site.keep(plainServer(() => undefined))).port, { withinMs: soon }),
  },

  { name: 'a secret that cannot be read', make: given({ secret: null }) },
  { name: 'a tenant that is not found', make: given({ tenantId: '00000000-0000-4000-8000-000000000000' }) },
  { name: 'a tenant id that is none', make: given({ tenantId: 'contoso' }) },
  { name: 'a tenant in another cloud', make: faulty({ kind: 'aadsts', code: 900382 }, token) },
  { name: 'a tenant that is sent elsewhere', make: faulty({ kind: 'aadsts', code: 90038 }, discovery) },
  { name: 'a client that is not found', make: given({ clientId: '00000000-1111-4222-8333-444444444444' }) },
  { name: 'a wrong secret', make: given({ secret: 'CANARY-not-the-secret' }) },
  { name: 'an expired secret', make: set({ secretExpired: true }) },
  { name: 'a certificate that is not registered', make: async () => ({ certificate: await clientPem() }) },
  { name: 'Conditional Access at the login', make: faulty({ kind: 'aadsts', code: 53003 }, token) },
  { name: 'no consent', make: faulty({ kind: 'aadsts', code: 65001 }, token) },
  { name: 'no consent of an administrator', make: faulty({ kind: 'aadsts', code: 90094 }, token) },
  { name: 'a login that asks for a pause', tells: 'throttled', make: faulty({ kind: 'throttle', retryAfter: 30 }, token) },
  { name: 'a login that fails', tells: 'failing', make: faulty({ kind: 'aadsts', code: 90033 }, token) },
  { name: 'a login that does not answer', tells: 'loginSilent', make: faulty({ kind: 'hang' }, token, { withinMs: soon }) },
  { name: 'a login that breaks off', tells: 'brokenOff', make: faulty({ kind: 'reset' }, token) },
  { name: 'a page in the place of the login', tells: 'html', make: faulty({ kind: 'status', status: 403, html: true }, discovery) },
  {
    name: 'a portal in the place of the login',
    tells: 'redirect',
    make: faulty({ kind: 'redirect', location: 'https://portal.example/?CANARY' }, discovery),
  },
  { name: 'a wrong login endpoint', tells: 'wrongEndpoint', make: faulty({ kind: 'status', status: 404, html: true }, discovery) },

  { name: 'no permission at all', tells: 'noConsent', make: set({ roles: [] }) },
  { name: 'a permission that is missing', tells: 'missing', make: set({ roles: ['User.Read.All', 'GroupMember.Read.All', 'Mail.Read'] }) },

  {
    name: 'a permission that Graph does not know of yet',
    tells: 'denied',
    make: faulty({ kind: 'status', status: 403, code: 'Authorization_RequestDenied', message: 'CANARY' }, graph),
  },
  { name: 'Conditional Access at Graph', make: faulty({ kind: 'claimsChallenge' }, graph) },
  {
    name: 'a licence that is missing',
    make: faulty({ kind: 'status', status: 403, code: 'Authentication_RequestFromNonPremiumTenantOrB2CTenant', message: 'CANARY' }, graph),
  },
  { name: 'Graph asks for a pause', tells: 'throttled', make: faulty({ kind: 'throttle', retryAfter: 17 }, graph) },
  { name: 'Graph fails', tells: 'failing', make: faulty({ kind: 'status', status: 503, message: 'CANARY' }, graph) },
  { name: 'Graph does not answer', tells: 'sourceSilent', make: faulty({ kind: 'hang' }, graph, { withinMs: soon }) },
  { name: 'Graph breaks off', tells: 'brokenOff', make: faulty({ kind: 'truncated' }, graph) },
  { name: 'a page in the place of Graph', tells: 'html', make: faulty({ kind: 'body', text: '<html>CANARY</html>' }, graph) },
  { name: 'a wrong version of Graph', tells: 'wrongEndpoint', make: async ({ simulator }) => ({ graph: `${simulator.origin}/v9.9` }) },
];
