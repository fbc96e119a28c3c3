// The same-origin rule for links (decision 61), and the links that are built.
import { buildLink, checkLink, isDeltaLink, parseBase } from '../../src/clients/graphLinks.ts';
import type { Source } from '../../src/clients/source.ts';

const base = parseBase('https://graph.microsoft.com/v1.0/');

test.each([
  'https://graph.microsoft.com/v1.0/users?$skiptoken=abc',
  'https://graph.microsoft.com:443/v1.0/users/delta?$deltatoken=a%2fb',
  'HTTPS://GRAPH.MICROSOFT.COM/v1.0/users',
  'https://graph.microsoft.com/v1.0/x/../users',
  "https://graph.microsoft.com/v1.0/users/microsoft.graph.delta()?$deltatoken='x'",
  'https://graph.microsoft.com/v1.0/drives/a%20b/root',
])('%s is followed', (link) => {
  const url = checkLink(base, link);
  expect(url.href).toMatch(/^https:\/\/graph\.microsoft\.com\/v1\.0\//);
  expect(checkLink(base, url.href).href).toBe(url.href);
});

test.each([
  ['another host', 'https://graph.example/v1.0/users'],
  ['a look-alike host behind', 'https://graph.microsoft.com.evil.example/v1.0/users'],
  ['a look-alike host before', 'https://evil-graph.microsoft.com/v1.0/users'],
  ['a subdomain', 'https://x.graph.microsoft.com/v1.0/users'],
  ['a trailing dot', 'https://graph.microsoft.com./v1.0/users'],
  ['a look-alike letter', 'https://grаph.microsoft.com/v1.0/users'],
  ['an address of the cloud inside', 'https://169.254.169.254/v1.0/users'],
  ['a user', 'https://graph.microsoft.com@evil.example/v1.0/users'],
  ['a user on the right host', 'https://user@graph.microsoft.com/v1.0/users'],
  ['a password on the right host', 'https://:password@graph.microsoft.com/v1.0/users'],
  ['a backslash for the user trick', String.raw`https://evil.example\@graph.microsoft.com/v1.0/users`],
  ['http', 'http://graph.microsoft.com/v1.0/users'],
  ['another port', 'https://graph.microsoft.com:8443/v1.0/users'],
  ['the port of http', 'https://graph.microsoft.com:80/v1.0/users'],
  ['another version', 'https://graph.microsoft.com/beta/users'],
  ['a path that only begins alike', 'https://graph.microsoft.com/v1.0.evil/users'],
  ['the base itself', 'https://graph.microsoft.com/v1.0'],
  ['a path out by dots', 'https://graph.microsoft.com/v1.0/../beta/users'],
  ['a path out by encoded dots', 'https://graph.microsoft.com/v1.0/%2e%2e/beta/users'],
  ['a path out by encoded slashes', 'https://graph.microsoft.com/v1.0/x%2f..%2f..%2fbeta/users'],
  ['a path out by encoded backslashes', 'https://graph.microsoft.com/v1.0/x%5c..%5c..%5cbeta/users'],
  ['a path out by twice encoded slashes', 'https://graph.microsoft.com/v1.0/x%252f..%252f..%252fbeta/users'],
  ['a path that cannot be decoded', 'https://graph.microsoft.com/v1.0/%2f%ff'],
  ['a path out by backslashes', String.raw`https://graph.microsoft.com/v1.0\..\beta`],
  ['a relative link', '/v1.0/users?$skiptoken=abc'],
  ['a link without scheme', '//graph.microsoft.com/v1.0/users'],
  ['another scheme', 'file:///v1.0/users'],
  ['a script', 'javascript:alert(1)'],
  ['nothing', ''],
])('a link with %s is LINK_REFUSED and not repeated', (_, link) => {
  expect(() => checkLink(base, link)).toThrow(
    expect.objectContaining({ code: 'LINK_REFUSED', message: expect.not.stringContaining('users') }),
  );
});

test('a base without a path allows every path of its origin, and no other origin', () => {
  const root = parseBase('https://localhost:9443');
  expect(checkLink(root, 'https://localhost:9443/users').href).toBe('https://localhost:9443/users');
  expect(buildLink(root, { path: 'users', select: [] })).toBe('https://localhost:9443/users');
  expect(() => checkLink(root, 'https://localhost:9444/users')).toThrow(expect.objectContaining({ code: 'LINK_REFUSED' }));
});

test.each<[Parameters<Source['link']>[0], string]>([
  [{ path: 'users', select: ['id', 'displayName'], top: 999 }, 'users?$select=id,displayName&$top=999'],
  [{ path: 'users', select: ['id'], top: 999, delta: 'first' }, 'users/delta?$select=id'],
  [{ path: 'users', select: ['id'], delta: 'latest' }, 'users/delta?$select=id&$deltatoken=latest'],
  [{ path: 'groups', select: ['id', 'members'], delta: 'first' }, 'groups/delta?$select=id,members'],
  [{ path: 'roleManagement/directory/roleDefinitions', select: ['id'], top: null }, 'roleManagement/directory/roleDefinitions?$select=id'],
  [
    { path: 'servicePrincipals', select: ['id'], top: 999, expand: 'appRoleAssignedTo' },
    'servicePrincipals?$select=id&$top=999&$expand=appRoleAssignedTo',
  ],
  [{ path: 'servicePrincipals/a b/appRoleAssignedTo', select: [] }, 'servicePrincipals/a%20b/appRoleAssignedTo'],
])('%j is read by %s', (of, link) => {
  expect(buildLink(base, of)).toBe(`https://graph.microsoft.com/v1.0/${link}`);
});

test.each(['../beta/users', 'users/..', 'users//x', '.', ''])('no link leaves the base by the path %j', (path) => {
  expect(() => buildLink(base, { path, select: [] })).toThrow(expect.objectContaining({ code: 'LINK_REFUSED' }));
});

test.each([
  ['users/delta?$deltatoken=x', true],
  ['users/delta()', true],
  ['users/microsoft.graph.delta()?$skiptoken=x', true],
  ['users?$skiptoken=delta', false],
  ['deltas', false],
])('%s is a delta link: %s', (path, expected) => {
  expect(isDeltaLink(new URL(`https://graph.microsoft.com/v1.0/${path}`))).toBe(expected);
});
