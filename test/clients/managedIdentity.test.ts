// Tokens of the machine's identity by the real library, against stubs of the endpoints that machines and apps have: plain http on loopback.
import { createServer, type Server } from 'node:http';
import { registerHooks } from 'node:module';
import { acquireManaged } from '../../src/clients/managedIdentity.ts';
import { redact } from '../../src/clients/redact.ts';
import { clientId, tenantId } from './login.ts';
import { failureOf, type Handler, json, portOf, type SeenRequest } from './sourceServer.ts';

const names = ['AZURE_POD_IDENTITY_AUTHORITY_HOST', 'IDENTITY_ENDPOINT', 'IDENTITY_HEADER', 'IMDS_ENDPOINT', 'MSI_ENDPOINT'];

// The library keeps tokens, and what it found to be its endpoint, for as long as it is loaded: each test loads it anew, under addresses of its own.
let loads = 0;
const anew = registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    return /\/node_modules\/@azure\//.test(resolved.url) ? { ...resolved, url: `${resolved.url}?load=${loads}` } : resolved;
  },
});

let server: Server;
let address: string;
let seen: SeenRequest[];
let handler: Handler;

beforeAll(async () => {
  server = createServer((message, response) => {
    const request = { method: message.method ?? '', url: message.url ?? '', headers: message.headers, body: '' };
    seen.push(request);
    // The stub speaks http; a handler writes answers all the same.
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${portOf(server)}`;
});
afterAll(() => {
  anew.deregister();
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  loads += 1;
  seen = [];
  place({ AZURE_POD_IDENTITY_AUTHORITY_HOST: address });
});

/** The environment that the library looks for its endpoint in. */
function place(env: Readonly<Record<string, string | undefined>>): void {
  for (const name of names) {
    if (env[name] === undefined) delete process.env[name];
    else process.env[name] = env[name];
  }
}

const jwt = (claims: object): string => {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.CANARY-signature`;
};
const gives = (token: string): Handler => {
  const expires = Math.floor(Date.now() / 1000) + 3599;
  return (_, response) =>
    json(response, {
      access_token: token,
      expires_on: String(expires),
      resource: 'https://graph.example',
      token_type: 'Bearer',
      client_id: clientId,
    });
};
const acquire = (): ReturnType<typeof acquireManaged> => acquireManaged({ tenantId, clientId, scope: 'https://graph.example/.default' });

test('a machine: the metadata endpoint is asked for the identity of this clientId', async () => {
  const token = jwt({ tid: tenantId.toUpperCase(), roles: ['User.Read.All'] });
  handler = gives(token);
  expect((await acquire()).token).toBe(token);
  expect(seen).toHaveLength(1);
  const asked = new URL(seen[0]!.url, address);
  expect(asked.pathname).toMatch(/^\/metadata\/identity\/oauth2\/token\/?$/);
  expect(Object.fromEntries(asked.searchParams)).toMatchObject({ client_id: clientId, resource: 'https://graph.example' });
  expect(seen[0]!.headers['metadata']).toBe('true');
  expect(redact(`before ${token} after`)).toBe('before [secret] after');
});

test('an app: its endpoint is asked with its header', async () => {
  place({ IDENTITY_ENDPOINT: `${address}/msi/token`, IDENTITY_HEADER: 'CANARY-header' });
  handler = gives(jwt({ tid: tenantId }));
  await acquire();
  expect(seen.map(({ url, headers }) => [url.split('?')[0], headers['x-identity-header']])).toEqual([['/msi/token', 'CANARY-header']]);
});

test('an identity of another tenant is refused: its records would be read into this inventory', async () => {
  handler = gives(jwt({ tid: '00000000-0000-4000-8000-000000000000' }));
  const error = await failureOf(acquire());
  expect(error.code).toBe('CONFIG_INVALID');
  expect(error.message).toBe(`The managed identity ${clientId} is of the tenant 00000000-0000-4000-8000-000000000000, not of ${tenantId}.`);
});

test.each([
  [400, 'SOURCE_AUTH_FAILED', 'Assign the user-assigned identity'],
  [403, 'SOURCE_AUTH_FAILED', 'Assign the user-assigned identity'],
  [404, 'SOURCE_UNAVAILABLE', ''],
  [410, 'SOURCE_UNAVAILABLE', ''],
  [429, 'SOURCE_UNAVAILABLE', ''],
  [500, 'SOURCE_UNAVAILABLE', ''],
])('an answer of %i is %s, asked for once', async (status, code, hint) => {
  handler = (_, response) => json(response, { error: 'invalid_request', error_description: 'CANARY Identity not found' }, status);
  const error = await failureOf(acquire());
  expect(error.code).toBe(code);
  expect(error.hint).toContain(hint);
  expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain('CANARY');
  expect(seen).toHaveLength(1);
});

test('a worker without an identity is told so at once: what, where, and how to mend it', async () => {
  const gone = createServer();
  await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${portOf(gone)}`;
  await new Promise((resolve) => gone.close(resolve));
  place({ AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://${host}` });
  const error = await failureOf(acquire());
  expect(error.code).toBe('SECRET_UNAVAILABLE');
  expect(error.message).toBe(`The worker has no managed identity: nothing answers at ${host}.`);
  expect(error.hint).toContain('clientSecret');
});

test('an endpoint that never answers is given up after its own time', async () => {
  handler = () => undefined;
  const begun = performance.now();
  const error = await failureOf(acquire());
  expect(error.code).toBe('SECRET_UNAVAILABLE');
  expect(performance.now() - begun).toBeLessThan(11_000);
});

test.each(['http://10.1.2.3', 'https://identity.evil.example', 'http://169.254.169.254.evil.example', 'http://fake.localhost.example'])(
  'I16 a credential goes only to the origin it is for: nothing is asked of %s, which is not this machine',
  async (elsewhere) => {
    place({ IDENTITY_ENDPOINT: `${elsewhere}/msi/token`, IDENTITY_HEADER: 'CANARY-header' });
    const error = await failureOf(acquire());
    expect(error.code).toBe('LINK_REFUSED');
    expect(error.message).toContain('an address of this machine');
    expect(seen).toEqual([]);
  },
);
