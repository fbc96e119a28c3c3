// Identity Manager's appsettings.agent.json with the document's own examples: what becomes of each key, and what is refused, never with a value.
import { parseConnectionFiles, problemInWords } from '../../src/connectors/connectionFile.ts';
import type { FoundConnection } from '../../src/connectors/connectionFile.ts';

const tenant = '6f0c1d1e-4c55-4d0b-9a59-3f1f6d5b2a11';
const app = 'a1f6e8c2-7d3b-4f90-8b6e-52f0c9d4e7a3';
const key = 'canary-8Q~0000-not-to-be-shown';
/** Document 003's example, with custom values in the place of its blanks. */
const entry = { ApplicationId: app, ApplicationKey: key, TenantId: tenant, MicrosoftGraphPathApi: '', ResponseUri: '' };

function read(connections: unknown, file = 'appsettings.agent.json'): { connections: readonly FoundConnection[]; problems: string[] } {
  const text = JSON.stringify({ Logging: { Level: 'x' }, Connections: connections }, null, 2);
  const found = parseConnectionFiles([{ file, text }], { now: new Date() });
  const problems = found.problems.map(problemInWords);
  expect(JSON.stringify([problems, found.connections.map(({ spec, notes }) => [spec, notes])])).not.toContain(key);
  return { connections: found.connections, problems };
}

function one(changed: object, identifier = 'MicrosoftEntraIDExport'): FoundConnection {
  const { connections, problems } = read({ [identifier]: { ...entry, ...changed } });
  expect(problems).toEqual([]);
  const [first] = connections;
  if (first === undefined) throw new Error('Nothing was found.');
  return first;
}

test("both of the document's examples are read, and nothing is scheduled", () => {
  const { connections, problems } = read({
    MicrosoftEntraIDExport: entry,
    MicrosoftEntraIDFulfillment: entry,
    ADExport: { Servers: [{ Server: 'x' }], Login: 'y' },
  });
  expect(problems).toEqual([]);
  expect(connections.map(({ spec }) => [spec.name, spec.title, spec.connector])).toEqual([
    ['MicrosoftEntraIDExport', 'MicrosoftEntraIDExport', 'identity-manager'],
    ['MicrosoftEntraIDFulfillment', 'MicrosoftEntraIDFulfillment', 'identity-manager'],
  ]);
  const [first] = connections;
  expect(first?.spec).toMatchObject({
    cloud: 'global',
    endpoints: null,
    credentials: { tenantId: tenant, clientId: app, clientSecret: ['secret:MicrosoftEntraIDExport/ApplicationKey'] },
    settings: { scope: null, entityTypes: ['user', 'group', 'directoryRole', 'servicePrincipal'] },
    profiles: [{ name: 'default', status: 'active', schedule: null, baseline: null }],
  });
  expect(first?.secret).toEqual({ name: 'MicrosoftEntraIDExport/ApplicationKey', value: key });
  expect(first?.notes).toEqual([
    'Its ApplicationKey is kept as secret:MicrosoftEntraIDExport/ApplicationKey, and only that reference in the connection: it can be taken out of the file.',
    'Not imported, for they are of other systems: ADExport.',
  ]);
});

test.each<[string, object, object]>([
  ['the default API', { MicrosoftGraphPathApi: 'https://graph.microsoft.com/v1.0/' }, { cloud: 'global', endpoints: null }],
  ['a national cloud by its API', { MicrosoftGraphPathApi: 'https://graph.microsoft.us/v1.0/' }, { cloud: 'usgov', endpoints: null }],
  [
    'a national cloud by both addresses',
    { MicrosoftGraphPathApi: 'https://microsoftgraph.chinacloudapi.cn/v1.0', MicrosoftAuthorityPath: 'https://login.chinacloudapi.cn/{0}' },
    { cloud: 'china' },
  ],
  [
    'the beta API, with the login that is the default',
    { MicrosoftGraphPathApi: 'https://graph.microsoft.com/beta/' },
    { cloud: 'custom', endpoints: { login: 'https://login.microsoftonline.com', graph: 'https://graph.microsoft.com/beta' } },
  ],
  [
    'addresses of its own, the tenant as {tenantId}',
    { MicrosoftGraphPathApi: 'https://graph.example/v1.0', MicrosoftAuthorityPath: 'https://login.example/{tenantId}/' },
    { cloud: 'custom', endpoints: { login: 'https://login.example', graph: 'https://graph.example/v1.0' } },
  ],
  [
    'an authority with the tenant written out',
    { MicrosoftAuthorityPath: `https://login.microsoftonline.com/${tenant}` },
    { cloud: 'global', endpoints: null },
  ],
  [
    'the scope',
    { MicrosoftGraphPath: 'https://graph.microsoft.com/.default' },
    { settings: { scope: 'https://graph.microsoft.com/.default' } },
  ],
  ['a response address, which nothing uses', { ResponseUri: 'http://localhost' }, { cloud: 'global' }],
])('%s', (_what, changed, expected) => {
  expect(one(changed).spec).toMatchObject(expected);
});

test("an identifier that only the document allows gets '-', and stays title and name of the files", () => {
  const found = one({}, 'Entra (Prod) é');
  expect(found.spec).toMatchObject({ name: 'Entra--Prod---', title: 'Entra (Prod) é', settings: { export: { name: 'Entra (Prod) é' } } });
  expect(found.secret?.name).toBe('Entra--Prod---/ApplicationKey');
});

test.each<[string, unknown, string]>([
  ['a leading digit', { '1Export': entry }, 'appsettings.agent.json:6:5 Connections.1Export: must not begin with a digit'],
  ['an underscore', { AD_Export: entry }, 'Connections.AD_Export: must not contain < > : " / \\ | ? * or _'],
  [
    'two that meet',
    { 'A B': entry, 'A-B': entry },
    'name: "A-B" is defined already in appsettings.agent.json, line 6 (case does not count)',
  ],
  ['an empty key', { A: { ...entry, ApplicationKey: '' } }, 'Connections.A.ApplicationKey: must not be empty'],
  ['a missing tenant', { A: { ApplicationId: app, ApplicationKey: key } }, 'Connections.A.TenantId: is required'],
  [
    'a wrong id, told where it stands',
    { A: { ...entry, ApplicationId: key } },
    'appsettings.agent.json:7:24 Connections.A.ApplicationId: must be the application',
  ],
  [
    'a key that is misspelt',
    { A: { ...entry, MicrosoftGraphPathAPI: key } },
    'Connections.A.MicrosoftGraphPathAPI: is not a known key, did you mean "MicrosoftGraphPathApi"?',
  ],
  [
    'a scope of another API',
    { A: { ...entry, MicrosoftGraphPath: 'https://vault.azure.net/.default' } },
    "Connections.A.MicrosoftGraphPath: must be of Graph's origin",
  ],
  [
    'an authority without a tenant',
    { A: { ...entry, MicrosoftAuthorityPath: 'https://login.example/common' } },
    'Connections.A.MicrosoftAuthorityPath: must be an address and the tenant behind it',
  ],
  [
    'an API that is no address',
    { A: { ...entry, MicrosoftGraphPathApi: 'graph' } },
    'Connections.A.MicrosoftGraphPathApi: must be an https address',
  ],
  ['connections of other systems alone', { A: { Login: 'x' } }, 'Connections: has no connection to Microsoft Entra ID'],
  ['no sections', ['x'], 'Connections: must have a section of keys for each connection'],
])('%s is refused', (_what, connections, problem) => {
  const found = read(connections);
  expect(found.problems).toEqual([expect.stringContaining(problem)]);
});
