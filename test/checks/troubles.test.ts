// Test Connection tells each trouble apart, each with its own cause and its own fix, and all of it within its one deadline.
import dns from 'node:dns';
import { causes } from '../../src/checks/causes.ts';
import { createBudget } from '../../src/clients/budget.ts';
import { TidemarkError } from '../../src/errors.ts';
import { aadsts } from '../../src/clients/aadsts.ts';
import type { CheckName, ConnectionTest } from '../../src/model.ts';
import { proxyServer, tlsServer } from './servers.ts';
import { profile, proxied, type Site, startSite, testAt } from './site.ts';
import { createCertificates } from '../../simulator/certificates.ts';
import { troubles } from './troubles.ts';

let site: Site;
afterEach(() => site.close());

/** Ports, times and the spread of a pause differ from test to test. */
const steady = (text: string): string =>
  text
    .replaceAll(/(localhost|127\.0\.0\.1):\d+/g, '$1:PORT')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/pause of 1[7-9] s/g, 'pause of 17 s')
    // Resolvers and systems differ.
    .replaceAll('(EAI_AGAIN)', '(ENOTFOUND)')
    .replaceAll(/\((EACCES|EHOSTUNREACH|EINVAL)\)/g, '(ENETUNREACH)');

const outcomes = ({ checks }: ConnectionTest): string => checks.map(({ outcome }) => outcome).join(' ');
const order: readonly CheckName[] = ['network', 'tls', 'credentials', 'permissions', 'data'];

const told: readonly [name: string, check: CheckName, cause: string, fix: string][] = [
  [
    'an origin that the worker does not allow',
    'network',
    'The worker may not send credentials to endpoints.login (https://login.elsewhere.example).',
    'Add https://login.elsewhere.example to TIDEMARK_ALLOWED_ORIGINS of the worker, or correct the connection.',
  ],
  [
    'a name that is not known',
    'network',
    'The name no-such-host.invalid cannot be resolved (ENOTFOUND).',
    'Correct cloud or endpoints of the connection, or the name resolution (DNS) of the machine that the worker runs on.',
  ],
  [
    'a closed port',
    'network',
    'localhost:PORT refuses the connection: nothing listens on this port, or a firewall rejects it.',
    'Check the address in cloud or endpoints. Let the worker reach localhost:PORT over HTTPS (outgoing TCP), or set HTTPS_PROXY on the worker where a proxy is the way out.',
  ],
  [
    'no way there',
    'network',
    'There is no way to 255.255.255.255:443 (ENETUNREACH).',
    'Let the worker reach 255.255.255.255:443 over HTTPS (outgoing TCP), or set HTTPS_PROXY on the worker where a proxy is the way out.',
  ],
  [
    'a port that drops connections',
    'network',
    'localhost:PORT does not take the connection in time: what is sent there is dropped on the way.',
    'Let the worker reach localhost:PORT over HTTPS (outgoing TCP), or set HTTPS_PROXY on the worker where a proxy is the way out.',
  ],
  [
    'a proxy whose name is not known',
    'network',
    'A proxy stands between, and its name proxy.no-such-host.invalid cannot be resolved (ENOTFOUND).',
    'Correct HTTPS_PROXY of the worker, or the name resolution (DNS) of its machine.',
  ],
  [
    'a proxy that is not there',
    'network',
    'A proxy stands between, and 127.0.0.1:PORT cannot be reached (ECONNREFUSED).',
    'Correct HTTPS_PROXY of the worker, or start the proxy; NO_PROXY lists hosts that are reached without it.',
  ],
  [
    'a proxy that asks for authentication',
    'network',
    'The proxy 127.0.0.1:PORT asks for authentication (407).',
    'Put user and password into HTTPS_PROXY of the worker (http://USER:PASSWORD@HOST:PORT), or let the proxy accept its machine.',
  ],
  [
    'a proxy that refuses CONNECT',
    'network',
    'The proxy 127.0.0.1:PORT refuses the way to login.proxied.invalid:443 (403).',
    'Allow CONNECT to login.proxied.invalid:443 on the proxy, or list the host in NO_PROXY of the worker where it can be reached directly.',
  ],
  [
    'a proxy that does not reach the host',
    'network',
    'The proxy 127.0.0.1:PORT does not reach login.proxied.invalid:443 (502).',
    'Check from the machine of the proxy that login.proxied.invalid:443 can be reached; correct cloud or endpoints when the address is wrong.',
  ],
  [
    'a proxy that says nothing',
    'network',
    'The proxy 127.0.0.1:PORT gives no way to login.proxied.invalid:443 in time.',
    'Check the proxy, and from its machine that login.proxied.invalid:443 can be reached; NO_PROXY of the worker lists hosts that are reached without it.',
  ],
  [
    'an expired certificate',
    'tls',
    'The certificate of localhost:PORT expired on TIME.',
    'Its operator has to renew it. If the date has not come yet, correct the clock of the machine that the worker runs on.',
  ],
  [
    'a certificate that is not yet valid',
    'tls',
    'The certificate of localhost:PORT is valid from TIME only.',
    'Correct the clock of the machine that the worker runs on; if it is right, the operator of localhost:PORT has to install a valid one.',
  ],
  [
    'a certificate for another name',
    'tls',
    'The certificate of localhost:PORT is for another name: graph.contoso.example, contoso.example.',
    'Correct endpoints of the connection to a name that the certificate is for; if the address is right, another server answers in its place.',
  ],
  [
    'a certificate that is signed by itself',
    'tls',
    'The certificate of localhost:PORT is signed by itself ("appliance.example"), and the worker does not trust it.',
    'Install a certificate there that an authority has signed. If it is your own proxy, firewall or cloud that signs with this authority, give its certificate to the worker: NODE_EXTRA_CA_CERTS, or endpoints.caFile of a custom cloud. If nobody knows it, somebody reads the traffic: do not go on.',
  ],
  [
    'an authority that is not trusted',
    'tls',
    'The certificate of localhost:PORT is issued by "Contoso Web Filter", which the worker does not trust.',
    'If it is your own proxy, firewall or cloud that signs with this authority, give its certificate to the worker: NODE_EXTRA_CA_CERTS, or endpoints.caFile of a custom cloud. If nobody knows it, somebody reads the traffic: do not go on.',
  ],
  [
    'a proxy that opens the traffic',
    'tls',
    'A proxy stands between (127.0.0.1:PORT), and the certificate shown for login.proxied.invalid:443 is issued by "Contoso Inspection CA", which the worker does not trust: the proxy opens the traffic.',
    'If it is your own proxy, firewall or cloud that signs with this authority, give its certificate to the worker: NODE_EXTRA_CA_CERTS, or endpoints.caFile of a custom cloud. If nobody knows it, somebody reads the traffic: do not go on. Or let the proxy pass login.proxied.invalid:443 unopened.',
  ],
  [
    'a certificate that is none for servers',
    'tls',
    'The certificate of localhost:PORT is not valid (INVALID_PURPOSE).',
    'The operator of localhost:PORT has to install a valid one.',
  ],
  [
    'TLS 1.1 at most',
    'tls',
    'localhost:PORT speaks no TLS 1.2 or later.',
    'Its operator, or that of the proxy or firewall between, has to switch on TLS 1.2 or 1.3: older versions are not safe for a credential.',
  ],
  [
    'no cipher in common',
    'tls',
    'localhost:PORT and the worker have no cipher in common.',
    'The operator of localhost:PORT has to offer a cipher of today, such as ECDHE with AES-GCM.',
  ],
  [
    'no TLS at all',
    'tls',
    'localhost:PORT does not speak TLS: it answers in another protocol.',
    'Check scheme and port in endpoints; on its way a firewall or portal may answer in the place of localhost:PORT.',
  ],
  [
    'a handshake that is broken off',
    'tls',
    'localhost:PORT breaks off during the TLS handshake (ECONNRESET).',
    'A firewall or proxy that inspects TLS does this: let it pass localhost:PORT; otherwise check the server.',
  ],
  [
    'a handshake that hangs',
    'tls',
    'localhost:PORT takes the connection and does not answer the TLS handshake in time.',
    'A firewall or proxy that inspects TLS does this: let it pass localhost:PORT; otherwise check port and server.',
  ],
  [
    'a secret that cannot be read',
    'credentials',
    'The secret env:TIDEMARK_SECRET_TEST is not available: the worker has no such environment variable.',
    'Set TIDEMARK_SECRET_TEST where the worker runs and restart it.',
  ],
  ['a tenant that is not found', 'credentials', 'The tenant does not exist in this cloud. (AADSTS90002)', 'Check tenantId and cloud.'],
  [
    'a tenant id that is none',
    'credentials',
    'The tenant id is malformed. (AADSTS900023)',
    'Check tenantId: a GUID or a verified domain of the tenant.',
  ],
  ['a tenant in another cloud', 'credentials', 'The tenant is in another national cloud. (AADSTS900382)', 'Set cloud to the one it is in.'],
  [
    'a tenant that is sent elsewhere',
    'credentials',
    'The tenant is in another national cloud. (AADSTS90038)',
    'Set cloud to the one it is in.',
  ],
  [
    'a client that is not found',
    'credentials',
    'The application is not known in this tenant. (AADSTS700016)',
    'Check clientId and tenantId, and that an administrator of the tenant has consented to the application.',
  ],
  [
    'a wrong secret',
    'credentials',
    'The client secret is wrong. (AADSTS7000215)',
    "Use the secret's value, not its ID, and check that it belongs to this clientId; otherwise make a new one under Certificates & secrets of the app registration, and put it where the reference points.",
  ],
  [
    'an expired secret',
    'credentials',
    'The client secret has expired. (AADSTS7000222)',
    'Make a new one (https://aka.ms/NewClientSecret) and put it where the reference points.',
  ],
  [
    'a certificate that is not registered',
    'credentials',
    "The certificate's signature was refused. (AADSTS700027)",
    'Upload the certificate of clientCertificate to the application, and check that it has not expired.',
  ],
  [
    'Conditional Access at the login',
    'credentials',
    'Conditional Access blocks the token. (AADSTS53003)',
    'Exclude this workload identity from the policy, or let the worker run from an allowed location.',
  ],
  [
    'no consent',
    'credentials',
    "An administrator's consent is missing. (AADSTS65001)",
    'In the app registration, under API permissions, click "Grant admin consent"; a green check mark shows that a permission is granted.',
  ],
  [
    'no consent of an administrator',
    'credentials',
    "An administrator's consent is missing. (AADSTS90094)",
    'In the app registration, under API permissions, click "Grant admin consent"; a green check mark shows that a permission is granted.',
  ],
  [
    'a login that asks for a pause',
    'credentials',
    'The login asks this application for a pause of 30 s.',
    'Test again after it. Runs wait by themselves; if it happens often, other programs use the same application: give Tidemark one of its own.',
  ],
  [
    'a login that fails',
    'credentials',
    'The login fails (AADSTS90033).',
    'Test again in some minutes; the service health page (https://status.cloud.microsoft) says when it lasts. Runs try again by themselves.',
  ],
  [
    'a login that does not answer',
    'credentials',
    'The login does not answer in time.',
    'Test again. If it lasts, look at the service health page, and at what stands between the worker and localhost:PORT.',
  ],
  [
    'a login that breaks off',
    'credentials',
    'The login breaks off its answer (UND_ERR_SOCKET).',
    'Test again. If it lasts, look at what stands between the worker and localhost:PORT.',
  ],
  [
    'a page in the place of the login',
    'credentials',
    'A page for people (HTML) comes in the place of an answer.',
    'A proxy, firewall or portal answers in the place of localhost:PORT: let it pass the host. Otherwise check tenantId, cloud and endpoints.',
  ],
  [
    'a portal in the place of the login',
    'credentials',
    'The answer leads to another address (a redirect), which is never followed: a credential goes to the configured host only.',
    'A portal of the network may stand between: let the worker pass it. Otherwise correct cloud or endpoints.',
  ],
  [
    'a wrong login endpoint',
    'credentials',
    'localhost:PORT does not know the address that it is asked for (404).',
    'Correct cloud or endpoints of the connection; endpoints.graph ends with the version, such as /v1.0.',
  ],
  [
    'no permission at all',
    'permissions',
    'The token holds no application permission at all: no administrator has consented to any.',
    'In the app registration, under API permissions, add User.Read.All, GroupMember.Read.All, RoleManagement.Read.Directory of Microsoft Graph as application permissions (not delegated ones), and click "Grant admin consent".',
  ],
  [
    'a permission that is missing',
    'permissions',
    'Application permissions are missing: RoleManagement.Read.Directory.',
    'In the app registration, under API permissions, add RoleManagement.Read.Directory of Microsoft Graph as application permissions, and click "Grant admin consent"; a green check mark shows that it is granted.',
  ],
  [
    'a permission that Graph does not know of yet',
    'data',
    'Graph refuses to let the application read users, although its token holds a permission for it.',
    'If consent was given a moment ago, test again in some minutes. Otherwise check the permission under API permissions in the app registration, with a green check mark for admin consent.',
  ],
  [
    'Conditional Access at Graph',
    'data',
    'Conditional Access refuses this workload identity. (insufficient_claims)',
    'Exclude it from the policy, or let the worker run from an allowed location.',
  ],
  [
    'a licence that is missing',
    'data',
    'The tenant lacks the licence (Microsoft Entra ID P1 or P2) that this request needs, or is a B2C tenant; consent does not help. (Authentication_RequestFromNonPremiumTenantOrB2CTenant)',
    'Leave out the stream or the property, or get the licence.',
  ],
  [
    'Graph asks for a pause',
    'data',
    'Microsoft Graph asks this application for a pause of 17 s.',
    'Test again after it. Runs wait by themselves; if it happens often, other programs use the same application: give Tidemark one of its own.',
  ],
  [
    'Graph fails',
    'data',
    'Microsoft Graph fails (503).',
    'Test again in some minutes; the service health page (https://status.cloud.microsoft) says when it lasts. Runs try again by themselves.',
  ],
  [
    'Graph does not answer',
    'data',
    'The source does not answer in time.',
    'Test again. If it lasts, look at the service health page, and at what stands between the worker and localhost:PORT.',
  ],
  [
    'Graph breaks off',
    'data',
    'Microsoft Graph breaks off its answer (cut short).',
    'Test again. If it lasts, look at what stands between the worker and localhost:PORT.',
  ],
  [
    'a page in the place of Graph',
    'data',
    'A page for people (HTML) comes in the place of an answer.',
    'A proxy, firewall or portal answers in the place of localhost:PORT: let it pass the host. Otherwise check tenantId, cloud and endpoints.',
  ],
  [
    'a wrong version of Graph',
    'data',
    'localhost:PORT does not know the address that it is asked for (404).',
    'Correct cloud or endpoints of the connection; endpoints.graph ends with the version, such as /v1.0.',
  ],
];

test.each(told)('%s fails %s', async (name, check, cause, fix) => {
  site = await startSite();
  const trouble = troubles.find((row) => row.name === name);
  if (trouble === undefined) throw new Error('There is no such trouble.');
  const answer = await testAt(site, await trouble.make(site));
  const failed = answer.checks.find(({ outcome }) => outcome === 'failed');
  expect({ check: failed?.check, cause: steady(failed?.cause ?? ''), fix: steady(failed?.fix ?? '') }).toEqual({ check, cause, fix });
  expect(answer.ok).toBe(false);
  expect(answer.checks.map((row) => row.check)).toEqual(order);
  const before = order.indexOf(check);
  expect(outcomes(answer)).toBe(order.map((_, index) => (index < before ? 'passed' : index === before ? 'failed' : 'skipped')).join(' '));
  expect(answer.checks.reduce((sum, { ms }) => sum + ms, 0)).toBeLessThan(10_000);
  // What a server says and what a secret is never comes into an answer.
  expect(JSON.stringify(answer)).not.toMatch(/CANARY|simulated-secret|eyJ/);
});

describe('the tables', () => {
  beforeEach(async () => void (site = await startSite()));

  test('every trouble has its row, and every text of the causes its trouble', () => {
    expect(told.map(([name]) => name)).toEqual(troubles.map(({ name }) => name));
    const shown = new Set(troubles.flatMap(({ tells }) => tells ?? []));
    // These two fail no test: they are notes (test/checks/orders.test.ts).
    const notes = ['empty', 'ordersLack'];
    expect(Object.keys(causes).filter((name) => ![...shown, ...notes].includes(name))).toEqual([]);
  });

  test('no two causes read alike, and none is left with a place that was not filled', () => {
    const texts = told.map(([, , cause]) => cause);
    const numbered = new Set(Object.values(aadsts).map(({ cause }) => cause));
    const own = texts.filter((text) => ![...numbered].some((cause) => text.startsWith(cause)));
    expect(own.filter((text, index) => own.indexOf(text) !== index)).toEqual([
      'A page for people (HTML) comes in the place of an answer.',
      'localhost:PORT does not know the address that it is asked for (404).',
    ]);
    expect(told.filter((row) => row.some((text) => /[{}]|undefined|\(\)|""/.test(text)))).toEqual([]);
  });
});

describe('what passes', () => {
  test('a connection that works: five checks, one record of each stream asked for, nothing more', async () => {
    site = await startSite();
    const { ok, checks } = await testAt(site);
    expect({ ok, outcomes: checks.map(({ outcome }) => outcome) }).toEqual({ ok: true, outcomes: order.map(() => 'passed') });
    const contacted = steady(site.simulator.origin.replace('https://', ''));
    expect(checks.map((row) => (row.contacted === null ? null : steady(row.contacted)))).toEqual([
      contacted,
      contacted,
      contacted,
      null,
      contacted,
    ]);
    expect(checks.every(({ cause, fix }) => cause === null && fix === null)).toBe(true);
    // What the simulator grants for its devices.
    expect(checks[3]).toMatchObject({ missing: [], excess: ['Device.Read.All'] });
    // Roles take no page size: their permission stands for them.
    const asked = site.simulator.requests().filter(({ path }) => path.startsWith('/v1.0/'));
    expect(asked.map(({ path, query }) => `${path}?${query}`).toSorted()).toEqual([
      '/v1.0/groups?$select=id&$top=1',
      '/v1.0/users?$select=id&$top=1',
    ]);
  });

  test('a tenant that has none passes, and says so in words', async () => {
    site = await startSite();
    site.simulator.addFaults([{ match: '/v1.0/groups', fault: { kind: 'body', text: '{"value":[]}' } }]);
    const { ok, checks } = await testAt(site);
    expect(ok).toBe(true);
    expect(checks[4]).toMatchObject({
      outcome: 'passed',
      cause: 'The source answers, and has none of these: groups and their members.',
      fix: 'Check in the Azure portal that there are any in this tenant, and that tenantId is the one meant.',
    });
  });

  test('document 002: devices need Device.Read.All and nothing else, and a tenant without devices passes with its words', async () => {
    site = await startSite();
    site.simulator.configure({ roles: ['Device.Read.All'] });
    const whole = await testAt(site, { connector: 'entra-devices' });
    expect(whole).toMatchObject({ ok: true, checks: [{}, {}, {}, { missing: [], excess: [] }, { cause: null }] });
    expect(site.simulator.requests().at(-1)).toMatchObject({ path: '/v1.0/devices', query: '$select=id&$top=1' });
    site.simulator.addFaults([{ match: '/v1.0/devices', fault: { kind: 'body', text: '{"value":[]}' } }]);
    const { ok, checks } = await testAt(site, { connector: 'entra-devices' });
    expect({ ok, cause: checks[4]?.cause }).toEqual({ ok: true, cause: 'The source answers, and has none of these: devices.' });
    site.simulator.configure({ roles: ['User.Read.All'] });
    const other = await testAt(site, { connector: 'entra-devices' });
    expect(other.checks[3]).toMatchObject({ outcome: 'failed', missing: ['Device.Read.All'], excess: ['User.Read.All'] });
  });

  test.each(['http', 'https'])('a proxy stands between (%s): it is what is contacted, and tunnels carry the handshake', async (scheme) => {
    site = await startSite();
    const certificate = await createCertificates({ names: ['login.proxied.invalid', 'graph.proxied.invalid', 'localhost'] });
    const { port } = await site.keep(tlsServer(certificate));
    const proxy = await site.keep(proxyServer({ to: port }, scheme === 'https' ? certificate : null));
    const given = { ...proxied, ca: certificate.caPem, proxy: { url: `${scheme}://localhost:${proxy.port}`, except: null } };
    const [network, tls] = (await testAt(site, { ...given, withinMs: 1_000 })).checks;
    const contacted = `proxy localhost:${proxy.port} for login.proxied.invalid:443 and graph.proxied.invalid:443`;
    expect([network, tls]).toMatchObject([
      { outcome: 'passed', contacted },
      { outcome: 'passed', contacted },
    ]);
  });
});

test('a name that is not resolved in time is told as such, not as a connection that is dropped', async () => {
  site = await startSite();
  const lookup = jest.spyOn(dns, 'lookup').mockImplementation(() => undefined);
  try {
    const { checks } = await testAt(site, { withinMs: 300 });
    expect(checks[0]).toMatchObject({ outcome: 'failed', cause: 'The name localhost cannot be resolved (NAME_TIMEOUT).' });
  } finally {
    lookup.mockRestore();
  }
});

test('a database that is away says nothing of the source: it is no answer', async () => {
  site = await startSite();
  const away = new TidemarkError('STORE_UNAVAILABLE', 'The database is away.');
  const budget = { ...createBudget(), standing: () => Promise.reject(away) };
  await expect(testAt(site, { budget })).rejects.toBe(away);
});

describe('permissions', () => {
  const least = ['User.Read.All', 'GroupMember.Read.All', 'RoleManagement.Read.Directory'];
  const named = [profile({ streams: ['users', 'appRoleAssignments'] })];

  test.each([
    ['the least', undefined, least, [], []],
    ['what an optional stream could use is no excess', undefined, [...least, 'Application.Read.All'], [], []],
    ['what shows more of a stream is no excess (decision 59)', undefined, [...least, 'Member.Read.Hidden'], [], []],
    ['a wider one passes, and is shown', undefined, ['Directory.Read.All'], [], ['Directory.Read.All']],
    ['what no stream can use is shown', undefined, [...least, 'Mail.Read', 'Files.Read.All'], [], ['Files.Read.All', 'Mail.Read']],
    ['an optional stream counts where it is named', named, ['User.Read.All'], ['Application.Read.All'], []],
    ['a stream that nobody pulls is not missed', named, ['User.Read.All', 'Application.Read.All'], [], []],
    ['without an active profile all of them count', [profile({ status: 'inactive' })], ['User.Read.All'], least.slice(1), []],
  ])('%s', async (_, profiles, roles, missing, excess) => {
    site = await startSite();
    site.simulator.configure({ roles });
    const { checks } = await testAt(site, profiles === undefined ? {} : { profiles });
    expect(checks[3]).toMatchObject({ outcome: missing.length === 0 ? 'passed' : 'failed', missing, excess });
  });
});
