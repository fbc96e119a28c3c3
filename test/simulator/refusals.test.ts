// What Microsoft refuses, the simulator refuses: queries, links, permissions and sign-ins.
import 'reflect-metadata';
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { X509CertificateGenerator } from '@peculiar/x509';
import { createCertificates } from '../../simulator/certificates.ts';
import { startSimulator } from '../../simulator/simulator.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import { codeOf, openClient, parse, text } from './client.ts';
import type { Client } from './client.ts';

let simulator: Simulator;
let client: Client;

beforeAll(async () => {
  simulator = await startSimulator({ users: 300 });
  client = openClient(simulator);
});
afterAll(async () => {
  client.close();
  await simulator.close();
});

test.each([
  ['users?$top=0', 400, 'Request_UnsupportedQuery'],
  ['users?$top=1000', 400, 'Request_UnsupportedQuery'],
  ['users?$top=ten', 400, 'Request_UnsupportedQuery'],
  ['users?$select=nonsense', 400, 'BadRequest'],
  ['users?$select=id,', 400, 'BadRequest'],
  ['users?$select=skills', 501, 'NotImplemented'],
  ['users?$expand=memberOf', 400, 'Request_UnsupportedQuery'],
  ['users?$orderby=displayName', 400, 'Request_UnsupportedQuery'],
  ['users?color=red', 400, 'BadRequest'],
  ['users?$top=5&$top=6', 400, 'Request_BadRequest'],
  ['users?$select=%zz', 400, 'Request_BadRequest'],
  ['users?$skiptoken=made-up', 400, 'Directory_InvalidPageToken'],
  ['users/delta?$top=10', 400, 'Request_UnsupportedQuery'],
  ['users/delta?$expand=manager', 400, 'Request_UnsupportedQuery'],
  ['users/delta?$orderby=displayName', 400, 'Request_UnsupportedQuery'],
  ["users/delta?$filter=startswith(displayName,'A')", 400, 'Request_UnsupportedQuery'],
  ['users/delta?$select=members', 400, 'BadRequest'],
  ['users/delta?$deltatoken=made-up', 400, 'Directory_InvalidPageToken'],
  ['users/delta?$deltatoken=a&$skiptoken=b', 400, 'Request_BadRequest'],
  ['devices?$top=1000', 400, 'Request_UnsupportedQuery'],
  ['devices?$select=hostnames', 400, 'BadRequest'],
  ['devices?$expand=registeredOwners', 400, 'Request_UnsupportedQuery'],
  ['devices/delta?$top=999', 400, 'Request_UnsupportedQuery'],
  ['devices/delta?$select=members', 400, 'BadRequest'],
  ['devices/11111111-2222-4333-8444-555555555555', 404, 'Request_ResourceNotFound'],
  ['directoryRoles?$top=5', 400, 'Request_UnsupportedQuery'],
  ['directoryRoles/delta?$expand=members', 400, 'Request_UnsupportedQuery'],
  ['directoryRoles/delta?$select=owners', 400, 'BadRequest'],
  ['servicePrincipals/delta?$select=members', 400, 'BadRequest'],
  ['servicePrincipals?$expand=owners', 400, 'Request_UnsupportedQuery'],
  ['roleManagement/directory/roleDefinitions?$top=50', 400, 'Request_UnsupportedQuery'],
  ['roleManagement/directory/roleAssignments?$top=999', 400, 'Request_UnsupportedQuery'],
  ['users/11111111-2222-4333-8444-555555555555', 404, 'Request_ResourceNotFound'],
  ['groups/nobody/members', 404, 'Request_ResourceNotFound'],
  ['nonsense', 400, 'BadRequest'],
  ['users/a/b/c', 400, 'BadRequest'],
])('GET %s is refused with %i %s', async (path, status, code) => {
  const reply = await client.get(path.replaceAll("'", '%27'));
  expect([reply.status, codeOf(reply)]).toEqual([status, code]);
  expect(reply.body).toHaveProperty('error.innerError.request-id');
});

test('more than 50 ids in a delta filter are refused', async () => {
  const filter = Array.from({ length: 51 }, (_, index) => `id eq '${index}'`).join(' or ');
  expect((await client.get(`users/delta?$filter=${encodeURIComponent(filter)}`)).status).toBe(400);
});

test('a method that a resource does not have is refused', async () => {
  const bearer = text((await client.token()).body['access_token']);
  const reply = await client.send('PUT', `${simulator.origin}/v1.0/users/${simulator.idOf('user', 1)}`, {
    authorization: `Bearer ${bearer}`,
  });
  expect(reply.status).toBe(405);
});

test('a link that was tampered with, used elsewhere, or sent with another selection is refused', async () => {
  const page = text((await client.get('users?$top=5&$select=id')).body['@odata.nextLink']);
  const delta = text((await client.get('users/delta?$select=id,mail&$deltatoken=latest')).body['@odata.deltaLink']);
  const [base = '', token = ''] = delta.split('$deltatoken=');
  const flipped = `${token.slice(0, 30)}${token[30] === 'A' ? 'B' : 'A'}${token.slice(31)}`;
  const links = [
    `${base}$deltatoken=${flipped}`,
    delta.replace('users/delta', 'groups/delta'),
    delta.replace('$deltatoken', '$skiptoken'),
    `${delta}&$select=id`,
    page.replace('$top=5', '$top=6'),
    page.replace('$select=id', '$select=mail'),
    page.replace('/users?', '/groups?'),
  ];
  for (const link of links) expect([link, (await client.get(link)).status]).toEqual([link, 400]);
  for (const link of [delta, page, `${delta}&$select=id,mail`]) expect((await client.get(link)).status).toBe(200);
});

test.each([
  ['no token', {}],
  ['a made-up token', { authorization: 'Bearer a.b.c' }],
  ['another scheme', { authorization: 'Basic abc' }],
] as const)('%s is refused with 401', async (_what, headers) => {
  const reply = await client.send('GET', `${simulator.origin}/v1.0/users`, { ...headers });
  expect([reply.status, codeOf(reply)]).toEqual([401, 'InvalidAuthenticationToken']);
  expect(reply.headers['www-authenticate']).toContain('Bearer');
});

test('a token ends', async () => {
  const mortal = await startSimulator({ users: 5, settings: { tokenLifetimeS: 60 } });
  const reader = openClient(mortal);
  expect((await reader.get('users')).status).toBe(200);
  mortal.advance(61_000);
  expect((await reader.get('users')).status).toBe(401);
  reader.close();
  await mortal.close();
});

test.each([
  ['users', ['User.Read.All'], ['GroupMember.Read.All']],
  ['users/delta', ['User.Read.All'], ['GroupMember.Read.All']],
  ['groups/delta', ['GroupMember.Read.All'], ['User.Read.All']],
  ['groups/x/members', ['Group.Read.All'], ['User.Read.All']],
  ['roleManagement/directory/roleDefinitions', ['RoleManagement.Read.Directory'], ['Application.Read.All']],
  ['servicePrincipals', ['Application.Read.All'], ['RoleManagement.Read.Directory']],
  ['servicePrincipals/x/appRoleAssignedTo', ['Directory.Read.All'], []],
])('%s takes %j and not %j', async (path, enough, wrong) => {
  for (const [roles, forbidden] of [
    [enough, false],
    [wrong, true],
  ] as const) {
    simulator.configure({ roles });
    const reader = openClient(simulator);
    const reply = await reader.get(path);
    reader.close();
    expect([reply.status === 403, codeOf(reply) === 'Authorization_RequestDenied']).toEqual([forbidden, forbidden]);
  }
});

test.each([
  ['a wrong secret', { client_secret: 'wrong' }, undefined, 401, 'invalid_client', 7000215],
  ['no secret', { client_secret: null }, undefined, 401, 'invalid_client', 7000218],
  ['an unknown tenant', {}, '11111111-2222-4333-8444-555555555555', 400, 'invalid_request', 90002],
  ['a malformed tenant', {}, 'nonsense', 400, 'invalid_request', 900023],
  ['an unknown client', { client_id: randomUUID() }, undefined, 400, 'unauthorized_client', 700016],
  ['no client', { client_id: null }, undefined, 400, 'invalid_request', 900144],
  ['another grant', { grant_type: 'password' }, undefined, 400, 'unsupported_grant_type', 70003],
  ['no scope', { scope: null }, undefined, 400, 'invalid_request', 900144],
  ['a scope of a user', { scope: 'https://graph.microsoft.com/User.Read' }, undefined, 400, 'invalid_scope', 1002012],
  [
    'two scopes',
    { scope: 'https://graph.microsoft.com/.default https://management.azure.com/.default' },
    undefined,
    400,
    'invalid_scope',
    70011,
  ],
  ['an unknown resource', { scope: 'https://example.invalid/.default' }, undefined, 400, 'invalid_resource', 500011],
  ['the resource of v1', { resource: 'https://graph.microsoft.com' }, undefined, 400, 'invalid_request', 901002],
] as const)('signing in with %s is refused', async (_what, form, tenant, status, error, code) => {
  const reply = await client.token(form, tenant);
  expect(reply.status).toBe(status);
  expect(reply.body).toMatchObject({ error, error_codes: [code] });
  expect(reply.body['error_description']).toMatch(new RegExp(`^AADSTS${code}: .+\r\nTrace ID: .+\r\nCorrelation ID: .+\r\nTimestamp: `));
});

test('an expired secret is refused', async () => {
  simulator.configure({ secretExpired: true });
  expect((await client.token()).body).toMatchObject({ error: 'invalid_client', error_codes: [7000222] });
  simulator.configure({ secretExpired: false });
});

test('a token says for whom, until when and with which roles', async () => {
  simulator.configure({ roles: ['User.Read.All'] });
  const { body } = await client.token();
  expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599 });
  const claims = parse(Buffer.from(text(body['access_token']).split('.')[1] ?? '', 'base64url').toString());
  expect(claims).toMatchObject({ tid: simulator.tenantId, appid: simulator.clientId, aud: simulator.origin, roles: ['User.Read.All'] });
});

test('a client assertion needs a registered certificate, the right signature, audience and time', async () => {
  const issuer = await createCertificates();
  expect(issuer.caPem).not.toBe(simulator.caPem);
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const keys = {
    privateKey: await crypto.subtle.importKey('pkcs8', privateKey.export({ type: 'pkcs8', format: 'der' }), algorithm, true, ['sign']),
    publicKey: await crypto.subtle.importKey('spki', publicKey.export({ type: 'spki', format: 'der' }), algorithm, true, ['verify']),
  };
  const certificate = await X509CertificateGenerator.createSelfSigned({ name: 'CN=app', keys, signingAlgorithm: algorithm });
  simulator.configure({ certificates: [certificate.toString('pem')] });
  const thumbprint = Buffer.from(await certificate.getThumbprint('SHA-256')).toString('base64url');
  const assertion = (changed: object = {}, header: object = {}): string => {
    const claims = {
      aud: `${simulator.origin}/${simulator.tenantId}/oauth2/v2.0/token`,
      iss: simulator.clientId,
      sub: simulator.clientId,
      jti: randomUUID(),
      exp: Math.floor(Date.now() / 1000) + 300,
      ...changed,
    };
    const parts = [{ alg: 'RS256', typ: 'JWT', 'x5t#S256': thumbprint, ...header }, claims];
    const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
  };
  const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
  const by = (client_assertion: string, client_assertion_type = type) =>
    client.token({ client_secret: null, client_assertion, client_assertion_type });
  expect((await by(assertion())).status).toBe(200);
  const wrong = [
    assertion({ aud: 'https://example.invalid' }),
    assertion({ exp: 1 }),
    assertion({ iss: randomUUID() }),
    assertion({ sub: randomUUID() }),
    assertion({}, { 'x5t#S256': 'unknown' }),
    assertion({}, { alg: 'none' }),
    `${assertion().slice(0, -8)}AAAAAAAA`,
    'nonsense',
  ];
  for (const forged of wrong) expect((await by(forged)).body).toMatchObject({ error: 'invalid_client', error_codes: [700027] });
  expect((await by(assertion(), 'other')).status).toBe(401);
});

test.each([
  ['more than 20 requests', Array.from({ length: 21 }, (_, index) => ({ id: String(index), method: 'GET', url: '/users' }))],
  ['the same id twice', [1, 2].map(() => ({ id: 'a', method: 'GET', url: '/users' }))],
  ['an absolute url', [{ id: 'a', method: 'GET', url: 'https://example.invalid/users' }]],
  ['an unknown dependency', [{ id: 'a', method: 'GET', url: '/users', dependsOn: ['b'] }]],
  ['nothing', []],
])('a batch with %s is refused', async (_what, requests) => {
  expect((await client.batch(requests)).status).toBe(400);
});

test('the quota is in resource units per ten seconds, announced from four fifths on', async () => {
  const poor = await startSimulator({ users: 60, settings: { quota: 20 } });
  const reader = openClient(poor);
  const replies = [];
  for (let turn = 0; turn < 12; turn += 1) replies.push(await reader.get('users?$top=20'));
  const refused = replies.find((reply) => reply.status === 429);
  expect(replies.some((reply) => reply.status === 200 && Number(reply.headers['x-ms-throttle-limit-percentage']) >= 0.8)).toBe(true);
  expect(Number(refused?.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  expect(refused?.headers['x-ms-throttle-scope']).toBe(`Tenant_Application/Read/${poor.clientId}/${poor.tenantId}`);
  poor.advance(10_000);
  expect((await reader.get('users')).status).toBe(200);
  reader.close();
  await poor.close();
});
