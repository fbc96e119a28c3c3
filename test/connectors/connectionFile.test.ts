// Connection files: what a good one becomes, what is kept when it is applied again, and every refusal with its place and reason.
import { stringify } from 'yaml';
import { z } from 'zod';
import type { FileOptions } from '../../src/connectors/connectionFile.ts';
import { parseConnectionFiles, problemInWords } from '../../src/connectors/connectionFile.ts';
import { inWords } from '../../src/connectors/schedule.ts';
import type { ConnectionSpec } from '../../src/connectors/spec.ts';
import { readSpec, specHash } from '../../src/connectors/spec.ts';
import { canonical, hashOf } from '../../src/mappings/canonical.ts';
import type { JsonObject } from '../../src/model.ts';

const now = new Date('2026-11-02T09:30:15.250Z');
const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

const base = {
  name: 'contoso-identity',
  connector: 'entra-identity',
  credentials: {
    tenantId: '6f0c1d1e-4c55-4d0b-9a59-3f1f6d5b2a11',
    clientId: 'a1f6e8c2-7d3b-4f90-8b6e-52f0c9d4e7a3',
    clientSecret: 'env:TIDEMARK_SECRET_CONTOSO',
  },
} satisfies JsonObject;
const schedule = { occurs: 'recurring', every: 'daily', start: '2026-05-05T18:39' };

function parse(text: string, options: Partial<FileOptions> = {}): ReturnType<typeof parseConnectionFiles> {
  return parseConnectionFiles([{ file: 'a.yaml', text }], { now, ...options });
}

function specOf(input: JsonObject, options: Partial<FileOptions> = {}): ConnectionSpec {
  const { connections, problems } = parse(stringify(input), options);
  expect(problems).toEqual([]);
  const [found] = connections;
  if (found === undefined) throw new Error('no connection');
  return found.spec;
}

function reasons(input: JsonObject, options: Partial<FileOptions> = {}): string[] {
  const { problems } = parse(stringify(input), options);
  return problems.map(({ path, reason }) => `${path}: ${reason}`);
}

const profiles = (...all: JsonObject[]): JsonObject => ({
  ...base,
  profiles: all.map((profile, index) => ({ name: `p${index}`, ...profile })),
});
const credentials = (more: JsonObject): JsonObject => ({ ...base, credentials: { ...base.credentials, ...more } });

describe('a stored connection', () => {
  const stored = (identity?: null): unknown => {
    const { customMaps: _maps, ...spec } = specOf(base);
    const { identity: _, ...earlier } = spec.credentials;
    return { ...spec, credentials: identity === null ? spec.credentials : earlier };
  };

  test('of an earlier release, which knew no identity, is read, and is unchanged by its file', () => {
    expect(readSpec(stored())).toEqual(specOf(base));
    expect(specHash(readSpec(stored()))).toBe(hashOf(canonical(z.json().parse(stored()))));
    expect(specHash(readSpec(stored(null)))).toBe(specHash(readSpec(stored())));
  });

  test('with an identity is another one', () => {
    const spec = specOf(base);
    const managed = { ...spec, credentials: { ...spec.credentials, clientSecret: null, identity: 'managed' as const } };
    const workload = { ...managed, credentials: { ...managed.credentials, identity: 'workload' as const } };
    expect(new Set([spec, managed, workload].map(specHash)).size).toBe(3);
  });
});

describe('a good file', () => {
  test.each(['managed', 'workload'] as const)('identity: %s stands in place of a secret', (identity) => {
    expect(specOf({ ...base, credentials: { ...without, identity } }).credentials).toMatchObject({
      identity,
      clientSecret: null,
      clientCertificate: null,
    });
  });

  test('the shortest has every default', () => {
    expect(specOf(base)).toEqual({
      name: 'contoso-identity',
      title: 'contoso-identity',
      description: '',
      connector: 'entra-identity',
      credentials: { ...base.credentials, clientSecret: ['env:TIDEMARK_SECRET_CONTOSO'], clientCertificate: null, identity: null },
      cloud: 'global',
      endpoints: null,
      settings: { owners: false },
      guard: { absolute: 500, percent: 5, minimum: 5, dailyPercent: 10 },
      rejects: { absolute: 1000, percent: 5 },
      customMaps: {},
      profiles: [{ name: 'default', description: '', status: 'active', streams: null, maps: {}, schedule: null, baseline: null }],
    });
  });

  test('a full one is taken as written', () => {
    const { connections, problems } = parse(
      `# comment
name: contoso-identity
title: Contoso identities
description: Users, groups and roles of contoso.example
connector: entra-identity
credentials:
  tenantId: 6F0C1D1E-4C55-4D0B-9A59-3F1F6D5B2A11
  clientId: a1f6e8c2-7d3b-4f90-8b6e-52f0c9d4e7a3
  clientCertificate: [file:new.pem, file:old.pem]
cloud: custom
endpoints:
  login: https://login.example:9443/
  graph: http://127.0.0.1:9443/v1.0
  caFile: ca.pem
settings: { owners: true }
guard: { absolute: 10, percent: 2.5, minimum: 1, dailyPercent: 3 }
rejects: { absolute: 7 }
profiles:
  - name: Nightly.1
    description: at night
    streams: [roles, users]
    maps: { users: entra-identity/users }
    schedule: { occurs: recurring, cron: "39 18 * * *", start: 2026-05-05T18:39, timezone: Asia/Calcutta }
    baseline: fortnightly
  - { name: rest, status: inactive, schedule: { occurs: once, start: 2027-01-01T00:00 } }
`,
      { readCa: (file, caFile) => (file === 'a.yaml' && caFile === 'ca.pem' ? pem : '') },
    );
    expect(problems).toEqual([]);
    expect(connections).toMatchObject([
      {
        file: 'a.yaml',
        line: 2,
        notes: [],
        spec: {
          title: 'Contoso identities',
          credentials: {
            tenantId: '6f0c1d1e-4c55-4d0b-9a59-3f1f6d5b2a11',
            clientSecret: null,
            clientCertificate: ['file:new.pem', 'file:old.pem'],
          },
          cloud: 'custom',
          endpoints: { login: 'https://login.example:9443', graph: 'http://127.0.0.1:9443/v1.0', ca: pem },
          settings: { owners: true },
          guard: { absolute: 10, percent: 2.5, minimum: 1, dailyPercent: 3 },
          rejects: { absolute: 7, percent: 5 },
          profiles: [
            {
              name: 'Nightly.1',
              streams: ['users', 'roles'],
              maps: { users: 'entra-identity/users' },
              schedule: {
                occurs: 'recurring',
                every: null,
                cron: '39 18 * * *',
                start: '2026-05-05T13:09:00Z',
                end: '2031-05-05T13:09:00Z',
                timezone: 'Asia/Calcutta',
              },
              baseline: 'fortnightly',
            },
            {
              name: 'rest',
              status: 'inactive',
              schedule: { occurs: 'once', start: '2027-01-01T00:00:00Z', timezone: 'UTC' },
              baseline: null,
            },
          ],
        },
      },
    ]);
  });

  test('JSON, and several documents in a file', () => {
    expect(parse(JSON.stringify(base)).connections).toHaveLength(1);
    const { connections } = parse(`---\n${stringify(base)}---\n${stringify({ ...base, name: 'second' })}`);
    expect(connections.map(({ spec, line }) => [spec.name, line])).toEqual([
      ['contoso-identity', 2],
      ['second', 9],
    ]);
  });

  test('recurring is weekly by baseline, from now on for five years, in UTC', () => {
    expect(specOf(profiles({ schedule: { occurs: 'recurring', every: '15m' } })).profiles[0]).toMatchObject({
      baseline: 'weekly',
      schedule: { start: '2026-11-02T09:30:15Z', end: '2031-11-02T09:30:15Z', timezone: 'UTC' },
    });
  });

  test('types of assets are kept in the order of the connector, and count in the hash only where they are given', () => {
    const limited = { ...profiles({ assetTypes: ['serverless', 'host'] }), connector: 'defender-for-cloud' };
    const [all, some] = [specOf({ ...profiles({}), connector: 'defender-for-cloud' }), specOf(limited)];
    expect(some.profiles[0]?.assetTypes).toEqual(['host', 'serverless']);
    expect(Object.keys(all.profiles[0] ?? {})).not.toContain('assetTypes');
    expect(specHash(some)).not.toBe(specHash(all));
  });

  test('a stored spec is read back as it was, and something else is refused', () => {
    const spec = specOf(profiles({ schedule }));
    expect(readSpec(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
    expect(() => readSpec({ ...spec, profiles: [{}] })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  test.each(['weekly', 'monthly'])('%s is full always, and the file is told so', (every) => {
    const [found] = parse(stringify(profiles({ schedule: { ...schedule, every } }))).connections;
    expect(found?.notes).toEqual(['Profile "p0": its runs are 7 days or more apart, and delta links live 7 days, so every run is full.']);
  });
});

describe('applied again', () => {
  const input = profiles({ schedule: { occurs: 'recurring', every: '4h' } });
  const first = specOf(input);
  const later = { now: new Date('2027-03-01T00:00:00Z'), previous: () => first };

  test('an unchanged file gives the same hash, although its start was "now"', () => {
    expect(specHash(specOf(input, later))).toBe(specHash(first));
    expect(specHash(specOf({ ...input, title: 'x' }, later))).not.toBe(specHash(first));
  });

  test('another rhythm keeps the start; another time zone begins anew', () => {
    const changed = (more: JsonObject) =>
      specOf(profiles({ schedule: { occurs: 'recurring', every: '4h', ...more } }), later).profiles[0]?.schedule;
    expect(changed({ every: '2h' })).toMatchObject({ start: '2026-11-02T09:30:15Z' });
    expect(changed({ timezone: 'Europe/Paris' })).toMatchObject({ start: '2027-03-01T00:00:00Z' });
    expect(changed({ start: '2026-01-01T00:00' })).toMatchObject({ start: '2026-01-01T00:00:00Z' });
  });

  test('an occurrence that has been is no fault; another past one is', () => {
    const once = (start: string): JsonObject => profiles({ schedule: { occurs: 'once', start } });
    const before = specOf(once('2027-01-01T00:00'));
    const options = { now: new Date('2027-03-01T00:00:00Z'), previous: () => before };
    expect(reasons(once('2027-01-01T00:00'), options)).toEqual([]);
    expect(reasons(once('2027-01-01T00:01'), options)).toEqual(['profiles.0.schedule.start: is in the past']);
  });

  test('a name that differs only in case from a stored one is refused', () => {
    expect(reasons({ ...base, name: 'Contoso-Identity' }, { previous: () => first })).toEqual([
      'name: differs only in case from the connection "contoso-identity", which exists already',
    ]);
  });
});

const isSecret =
  'is a secret written out: put it into an environment variable of the worker and write env:TIDEMARK_SECRET_NAME here, or into a file and write file:NAME; or let Tidemark keep it (tidemark secret set NAME) and write secret:NAME';
const named = 'begins with a letter and has letters, digits, "-" and "." only, at most 64';
const without = { tenantId: base.credentials.tenantId, clientId: base.credentials.clientId };
const custom = (endpoints: JsonObject): JsonObject => ({
  ...base,
  cloud: 'custom',
  endpoints: { login: 'https://l.example', graph: 'https://g.example/v1.0', ...endpoints },
});

const findings = (profile: JsonObject): JsonObject => ({ ...profiles(profile), connector: 'defender-for-cloud' });

const faults: [string, JsonObject, string[]][] = [
  ['an unknown key', { ...base, descripton: 'x' }, ['descripton: is not a known key, did you mean "description"?']],
  ['an unknown key that resembles none', { ...base, zzz: 'x' }, ['zzz: is not a known key']],
  ['an unknown key within', profiles({ shedule: {} }), ['profiles.0.shedule: is not a known key, did you mean "schedule"?']],
  ['a key of a later version', { ...base, notify: {} }, ['notify: is not supported by this version']],
  [
    'types of assets of a connector that reads no findings',
    profiles({ assetTypes: ['host'] }),
    ['profiles.0.assetTypes: has nothing to act on: entra-identity reads no findings'],
  ],
  ['no type of asset', findings({ assetTypes: [] }), ['profiles.0.assetTypes: must name a type; leave the key out for all']],
  [
    'an unknown type of asset, and one twice',
    findings({ assetTypes: ['hosts', 'serverless', 'serverless'] }),
    [
      'profiles.0.assetTypes.0: is not a type of asset of defender-for-cloud, did you mean "host"?; known: host, container-image, container-instance, serverless',
      'profiles.0.assetTypes.2: is named twice',
    ],
  ],
  ['registries without one', custom({ registries: [] }), ['endpoints.registries: must name a host; leave the key out for none']],
  [
    'registries of a connector that reads none',
    custom({ registries: ['contoso.azurecr.io'] }),
    ['endpoints.registries: has nothing to act on: entra-identity reads no registries'],
  ],
  ['no name', { connector: 'entra-identity', credentials: base.credentials }, ['name: is required']],
  ['a name that begins with a digit', { ...base, name: '1contoso' }, [`name: ${named}`]],
  ['a name with a blank', { ...base, name: 'a b' }, [`name: ${named}`]],
  ['a name of 65', { ...base, name: 'a'.repeat(65) }, [`name: ${named}`]],
  ['a name that is a number', { ...base, name: 5 }, ['name: must be a string']],
  ['a list where keys belong', { ...base, credentials: [] }, ['credentials: must be a map of keys']],
  ['keys where a list belongs', { ...base, profiles: {} }, ['profiles: must be a list']],
  ['nothing where a text belongs', { ...base, title: null }, ['title: must be a string']],
  ['a description of 165', { ...base, description: 'x'.repeat(165) }, ['description: has at most 164 characters']],
  ['an empty title', { ...base, title: '' }, ['title: must not be empty']],
  [
    'an unknown connector',
    { ...base, connector: 'entra-identty' },
    [
      'connector: is not a connector of this version, did you mean "entra-identity"?; known: entra-identity, entra-directory-sync, entra-devices, identity-manager, defender-for-cloud',
    ],
  ],
  ['an unknown kind', { ...base, kind: 'conection' }, ['kind: must be connection, tag, map or identification-rules']],
  ['an Identity Manager file', { Connections: {} }, ['Connections: has no connection to Microsoft Entra ID']],
  ['a literal secret', credentials({ clientSecret: 'h8Q~very-secret' }), [`credentials.clientSecret.0: ${isSecret}`]],
  ['a literal secret with a colon', credentials({ clientSecret: 'abc:very-secret' }), [`credentials.clientSecret.0: ${isSecret}`]],
  [
    'a literal secret beside a reference',
    credentials({ clientSecret: ['env:A', 'very-secret'] }),
    [`credentials.clientSecret.1: ${isSecret}`],
  ],
  ...(
    [
      ['keyvault:contoso', "is not a secret's identifier after keyvault: https://VAULT.vault.azure.net/secrets/NAME"],
      [
        'keyvault:http://contoso.vault.azure.net/secrets/x',
        "is not a secret's identifier after keyvault: https://VAULT.vault.azure.net/secrets/NAME",
      ],
      ['cyberark:object', 'is not a safe and an object after cyberark: SAFE/OBJECT'],
      ['cyberark:safe/root/object', 'is not a safe and an object after cyberark: SAFE/OBJECT'],
      ['jwe:file.json', 'is not a file and a place in it after jwe: FILE#/json/path'],
      ['jwe:file.json#contoso', 'is not a file and a place in it after jwe: FILE#/json/path'],
    ] as const
  ).map(([clientSecret, reason]): [string, JsonObject, string[]] => [
    clientSecret,
    credentials({ clientSecret }),
    [`credentials.clientSecret.0: ${reason}`],
  ]),
  ...['secret:kept', 'elsewhere', 'env:', 'cyberark:object'].map((clientId): [string, JsonObject, string[]] => [
    `the clientId ${clientId}`,
    credentials({ clientId }),
    ['credentials.clientId: must be the application (client) id, such as a1f6e8c2-7d3b-4f90-8b6e-52f0c9d4e7a3, or a reference to it'],
  ]),
  [
    'secret: without a name',
    credentials({ clientSecret: 'secret:-x' }),
    [
      'credentials.clientSecret.0: is not the name of a secret after secret: a letter or digit, then letters, digits, ".", "_", "-" and "/", at most 128',
    ],
  ],
  [
    'env: without a name',
    credentials({ clientSecret: 'env:A B' }),
    ['credentials.clientSecret.0: is not the name of an environment variable after env:'],
  ],
  ['file: without a name', credentials({ clientSecret: 'file:' }), ['credentials.clientSecret.0: is not the name of a file after file:']],
  [
    'three references',
    credentials({ clientSecret: ['env:A', 'env:B', 'env:C'] }),
    ['credentials.clientSecret: has at most two references: the old and the new'],
  ],
  ['no reference', credentials({ clientSecret: [] }), ['credentials.clientSecret: must not be empty']],
  [
    'a secret and a certificate',
    credentials({ clientCertificate: 'file:c.pem' }),
    ['credentials: has clientSecret and clientCertificate: keep one of them'],
  ],
  ['a secret and an identity', credentials({ identity: 'managed' }), ['credentials: has clientSecret and identity: keep one of them']],
  [
    'an identity that is none',
    { ...base, credentials: { ...without, identity: 'system' } },
    ['credentials.identity: must be one of managed, workload'],
  ],
  [
    'a managed identity of a tenant by its domain',
    { ...base, credentials: { ...without, tenantId: 'contoso.example', identity: 'managed' } },
    ["credentials.tenantId: must be the tenant's id with identity: managed"],
  ],
  ['neither', { ...base, credentials: without }, ['credentials: needs clientSecret, clientCertificate or identity']],
  [
    'a tenant that is none',
    credentials({ tenantId: 'common' }),
    ['credentials.tenantId: must be the id of the tenant or one of its domain names'],
  ],
  [
    'a tenant with a path',
    credentials({ tenantId: 'a.example/../b' }),
    ['credentials.tenantId: must be the id of the tenant or one of its domain names'],
  ],
  [
    'a client that is none',
    credentials({ clientId: 'app' }),
    ['credentials.clientId: must be the application (client) id, such as a1f6e8c2-7d3b-4f90-8b6e-52f0c9d4e7a3, or a reference to it'],
  ],
  ['an unknown cloud', { ...base, cloud: 'mars' }, ['cloud: must be one of global, usgov, usgov-dod, china, custom']],
  ['custom without endpoints', { ...base, cloud: 'custom' }, ['endpoints: is required with cloud: custom']],
  ['endpoints without custom', { ...custom({}), cloud: 'global' }, ['endpoints: is accepted with cloud: custom only']],
  [
    'http outside loopback',
    custom({ graph: 'http://graph.example/v1.0' }),
    ['endpoints.graph: must be https: http is accepted for loopback only'],
  ],
  [
    'http to a host that only begins like loopback',
    custom({ graph: 'http://127.0.0.1.example/' }),
    ['endpoints.graph: must be https: http is accepted for loopback only'],
  ],
  [
    'http to localhost as a user name',
    custom({ graph: 'http://localhost@evil.example/' }),
    ['endpoints.graph: must not hold a user name or password'],
  ],
  ['another scheme', custom({ login: 'file:///etc/passwd' }), ['endpoints.login: must be an https address']],
  ['an address with a query', custom({ login: 'https://l.example/?a=b' }), ['endpoints.login: must not have a query or fragment']],
  [
    'a caFile that cannot be read',
    custom({ caFile: 'missing.pem' }),
    ['endpoints.caFile: cannot be read; it is relative to the file that names it'],
  ],
  [
    'a caFile that is no certificate',
    custom({ caFile: 'key.pem' }),
    ['endpoints.caFile: does not hold a PEM certificate (and nothing else) of at most 64 KB'],
  ],
  ['an unknown setting', { ...base, settings: { owner: true } }, ['settings.owner: is not a known key']],
  ['a setting of another type', { ...base, settings: { owners: 'yes' } }, ['settings.owners: must be a boolean']],
  ['a negative guard', { ...base, guard: { absolute: -1 } }, ['guard.absolute: must not be negative']],
  ['a guard over 100 percent', { ...base, guard: { percent: 101 } }, ['guard.percent: is a percentage: 0 to 100']],
  ['eleven profiles', profiles(...Array.from({ length: 11 }, () => ({ status: 'inactive' }))), ['profiles: has at most 10 profiles']],
  ['no profile', { ...base, profiles: [] }, ['profiles: must hold a profile; leave the key out for one that runs on demand']],
  ['a profile name with a colon', profiles({ name: 'a:b' }), ['profiles.0.name: has letters, digits, "-" and "." only, at most 64']],
  [
    'two profiles of one name',
    profiles({ name: 'a', streams: ['users'] }, { name: 'A', streams: ['groups'] }),
    ['profiles.1.name: is the name of an earlier profile (case does not count)'],
  ],
  [
    'a stream in two active profiles',
    profiles({ streams: ['users'] }, { streams: ['groups', 'users'] }),
    ['profiles.1.streams: has "users", which belongs to the active profile "p0"; a stream has one active profile'],
  ],
  [
    'an unknown stream',
    profiles({ streams: ['user'] }),
    ['profiles.0.streams.0: is not a stream of entra-identity, did you mean "users"?'],
  ],
  ['a stream named twice', profiles({ streams: ['users', 'users'] }), ['profiles.0.streams.1: is named twice']],
  ['no stream', profiles({ streams: [] }), ['profiles.0.streams: must name a stream; leave the key out for all that are not optional']],
  [
    'a map of another stream',
    profiles({ maps: { users: 'entra-identity/groups' } }),
    ["profiles.0.maps.users: names a map of entra-identity's groups"],
  ],
  [
    'a map that does not exist',
    profiles({ maps: { users: 'entra-identity/user' } }),
    [
      'profiles.0.maps.users: names a transform map that does not exist, did you mean "entra-identity/users"?; the built-in one is entra-identity/users, "tidemark maps list" shows all',
    ],
  ],
  [
    'a map for a stream that is not pulled',
    profiles({ streams: ['roles'], maps: { users: 'entra-identity/users' } }),
    ['profiles.0.maps.users: is a stream that this profile does not pull'],
  ],
  [
    'a map for a stream without assets',
    profiles({ maps: { appRoleAssignments: 'x' } }),
    ['profiles.0.maps.appRoleAssignments: has no assets, so no map'],
  ],
  [
    'an unknown rhythm',
    profiles({ schedule: { ...schedule, every: 'dayly' } }),
    [
      'profiles.0.schedule.every: must be hourly, daily, weekly, monthly, or a period of at most 24 hours such as 15m or 4h, did you mean "daily"?',
    ],
  ],
  ['every and cron', profiles({ schedule: { ...schedule, cron: '0 0 * * *' } }), ['profiles.0.schedule: needs either every or cron']],
  ['neither every nor cron', profiles({ schedule: { occurs: 'recurring' } }), ['profiles.0.schedule: needs either every or cron']],
  [
    'a bad cron',
    profiles({ schedule: { occurs: 'recurring', cron: '99 * * * *' } }),
    ['profiles.0.schedule.cron: has a minute that is not within 0 to 59'],
  ],
  [
    'an unknown time zone',
    profiles({ schedule: { ...schedule, timezone: 'Mars' } }),
    ['profiles.0.schedule.timezone: is not an IANA time zone, such as Europe/Paris'],
  ],
  [
    'a time that is none',
    profiles({ schedule: { ...schedule, start: '2026-02-30T00:00' } }),
    ['profiles.0.schedule.start: is not a time such as 2026-05-05T18:39'],
  ],
  [
    'an end before the start',
    profiles({ schedule: { ...schedule, end: '2026-05-05T18:39' } }),
    ['profiles.0.schedule.end: must be after start'],
  ],
  [
    'once in the past',
    profiles({ schedule: { occurs: 'once', start: '2026-01-01T00:00' } }),
    ['profiles.0.schedule.start: is in the past'],
  ],
  ['once without a start', profiles({ schedule: { occurs: 'once' } }), ['profiles.0.schedule.start: is required with occurs: once']],
  [
    'once with an end',
    profiles({ schedule: { occurs: 'once', start: '2027-01-01T00:00', end: '2028-01-01T00:00' } }),
    ['profiles.0.schedule.end: is accepted with occurs: recurring only'],
  ],
  [
    'a baseline for once',
    profiles({ schedule: { occurs: 'once', start: '2027-01-01T00:00' }, baseline: 'weekly' }),
    ['profiles.0.baseline: is accepted with a recurring schedule only'],
  ],
  ['a baseline without a schedule', profiles({ baseline: 'weekly' }), ['profiles.0.baseline: is accepted with a recurring schedule only']],
];

test.each([
  ['cyberark:Safe/Contoso graph', 'cyberark:Safe/Contoso graph'],
  [
    'keyvault:https://contoso.vault.azure.net/secrets/graph',
    'keyvault:https://contoso.vault.azure.net/secrets/graph/0123456789abcdef0123456789abcdef',
  ],
  ['jwe:contoso.json#/contoso/clientId', 'jwe:contoso.json#/contoso/a~1b'],
  ['env:TIDEMARK_SECRET_ID', 'file:Secret'],
])('clientId may be a reference as the secret is, kept as it is written: %s', (clientId, clientSecret) => {
  const [found] = parse(stringify(credentials({ clientId, clientSecret }))).connections;
  expect(found?.spec.credentials).toMatchObject({ clientId, clientSecret: [clientSecret] });
});

test('the encrypted settings of Identity Manager are refused by name, with what takes their place', () => {
  const { connections, problems } = parseConnectionFiles(
    [{ file: 'agent/appsettings.encrypted.agent.json', text: '{"Connections": {"A": "CANARY"}}' }],
    { now },
  );
  expect(connections).toEqual([]);
  expect(problems.map(problemInWords)).toEqual([
    'agent/appsettings.encrypted.agent.json:1:1 appsettings.encrypted.agent.json has no published format and cannot be read: encrypt its values with "tidemark secret encrypt FILE --certificate CERT -f PLAIN" and name them as jwe:FILE#/path',
  ]);
});

test.each(faults)('refuses %s', (_name, input, expected) => {
  const readCa: FileOptions['readCa'] = (_file, caFile) => {
    if (caFile === 'missing.pem') throw new Error('ENOENT');
    return `${pem}-----BEGIN PRIVATE KEY-----`;
  };
  expect(reasons(input, { readCa })).toEqual(expected);
  expect(parse(stringify(input), { readCa }).connections).toEqual([]);
});

describe('entra-devices', () => {
  const devices = { ...base, name: 'Microsoft-Entra-ID-Devices-260505060829529', connector: 'entra-devices' } satisfies JsonObject;
  const scheduled = (given: JsonObject): JsonObject => ({ ...devices, profiles: [{ name: 'default', schedule: given }] });
  const start = '2026-05-05T18:39';

  test('a recurring schedule that says no more is daily, for five years on its wall clock', () => {
    const { profiles: found } = specOf(scheduled({ occurs: 'recurring', start, timezone: 'Asia/Calcutta' }));
    expect(inWords(found[0]?.schedule ?? null)).toBe(
      'daily from May 5, 2026 at 06:39 PM till May 5, 2031 at 06:39 PM in Asia/Calcutta timezone',
    );
    expect(found[0]?.baseline).toBe('weekly');
  });

  test.each([
    ['every', { every: '4h' }, { every: '4h', cron: null }],
    ['cron', { cron: '39 18 * * *' }, { every: null, cron: '39 18 * * *' }],
  ])('one that names %s has that', (_name, rhythm, expected) => {
    expect(specOf(scheduled({ occurs: 'recurring', start, ...rhythm })).profiles[0]?.schedule).toMatchObject(expected);
  });

  test('one that names both is refused, and a single occurrence has no rhythm', () => {
    expect(reasons(scheduled({ occurs: 'recurring', every: 'daily', cron: '39 18 * * *' }))).toEqual([
      'profiles.0.schedule: needs either every or cron',
    ]);
    expect(specOf(scheduled({ occurs: 'once', start: '2027-01-01T00:00' })).profiles[0]?.schedule).not.toHaveProperty('every');
  });

  test('names and descriptions are bounded as the document says', () => {
    const text = 'x'.repeat(164);
    const title = 'Microsoft Entra ID (Devices)260505060829529';
    expect(specOf({ ...devices, title, description: text })).toMatchObject({ title, description: text });
    const long = { ...devices, description: `${text}x`, profiles: [{ name: 'default', description: `${text}x` }] };
    expect(reasons(long)).toEqual(['description: has at most 164 characters', 'profiles.0.description: has at most 164 characters']);
  });

  test('settings that have nothing to act on are refused with that reason, by their line, and their values are not repeated', () => {
    const filters = 'has nothing to act on: this connector has no filter queries';
    const severity = 'has nothing to act on: this connector has no findings, so nothing has a risk severity';
    const settings = { filter: 'secret', filters: [], filterQuery: {}, riskSeverity: 3, riskSeverityMapping: null, filtres: 1 };
    expect(reasons({ ...devices, settings })).toEqual([
      `settings.filter: ${filters}`,
      `settings.filters: ${filters}`,
      `settings.filterQuery: ${filters}`,
      `settings.riskSeverity: ${severity}`,
      `settings.riskSeverityMapping: ${severity}`,
      'settings.filtres: is not a known key',
    ]);
    expect(reasons({ ...base, settings: { filters: [] } })).toEqual(['settings.filters: is not a known key']);
  });
});

describe('entra-directory-sync (document 001)', () => {
  const directory = { ...base, connector: 'entra-directory-sync' };
  const [id, target] = ['0B5F4B8E-3f0e-4a57-9d5c-6b1f0c7f2a10', '5d0c6a52-8f57-4f0c-9a3e-0b8d3b1c7e21'];

  test.each<[string, JsonObject, JsonObject]>([
    ['none', {}, { groups: 'all', groupMap: {}, notification: {}, events: 'on', nested: false }],
    [
      'ids in lower case',
      { groups: [id], groupMap: { [id]: [target] } },
      { groups: [id.toLowerCase()], groupMap: { [id.toLowerCase()]: [target] } },
    ],
    ['names and prefixes as they are', { groups: ['name:A b', 'prefix:S-'] }, { groups: ['name:A b', 'prefix:S-'] }],
    ['on and off, also as older YAML reads them', { events: false }, { events: 'off' }],
    ['on as text', { events: 'on' }, { events: 'on' }],
  ])('settings: %s', (_, settings, kept) => expect(specOf({ ...directory, settings }).settings).toMatchObject(kept));

  const entry = "is a group's id, name:NAME or prefix:BEGIN; names have at most 256 characters, and case counts";
  test.each<[string, JsonObject, string]>([
    ['no list', { groups: 'Board' }, 'settings.groups: must be all, or a list of groups: an id, name:NAME or prefix:BEGIN'],
    ['an empty list', { groups: [] }, 'settings.groups: must name a group, or be all'],
    ['a bare name', { groups: [id, 'Board'] }, `settings.groups.1: ${entry}`],
    ['a target that is no UUID', { groupMap: { Board: ['x'] } }, "settings.groupMap.Board.0: must be a target group's UUID"],
    ['a group without targets', { groupMap: { Board: [] } }, 'settings.groupMap.Board: must name a target group'],
    ['a notification that is no object', { notification: 'yes' }, 'settings.notification: must be a map of keys'],
    [
      'a notification without end',
      { notification: { text: 'x'.repeat(10_000) } },
      'settings.notification: has at most 10000 characters of JSON',
    ],
    ['events that are neither', { events: 'maybe' }, 'settings.events: must be on or off'],
  ])('refused: %s', (_, settings, reason) => expect(reasons({ ...directory, settings })).toEqual([reason]));
});

describe("maps of one's own", () => {
  const map = `kind: map
name: mine
connector: entra-identity
stream: users
source: microsoft.graph.user
target: asset
rows:
  - { from: mail, to: asset.assetDetail.name }
`;
  const using = (name: string) => stringify(profiles({ maps: { users: name } }));
  const missing = (line: string) =>
    `${line} profiles.0.maps.users: names a transform map that does not exist; the built-in one is entra-identity/users, "tidemark maps list" shows all`;

  test('are found in the same files, whatever their order, and before those that are stored', () => {
    const { connections, maps, problems } = parse(`${using('mine')}---\n${map}`, { maps: { mine: { kind: 'map' }, other: {} } });
    expect(problems).toEqual([]);
    expect(maps).toMatchObject([{ file: 'a.yaml', map: { name: 'mine', class: 'user' }, definition: { kind: 'map', name: 'mine' } }]);
    expect(connections).toMatchObject([{ spec: { profiles: [{ maps: { users: 'mine' } }] } }]);
    expect(Object.keys(connections[0]!.spec.customMaps)).toEqual(['mine']);
  });

  test('are not looked for before a server was asked, and then must be there', () => {
    expect(parse(using('mine')).problems).toEqual([]);
    expect(parse(using('mine'), { maps: {} }).problems.map(problemInWords)).toEqual([expect.stringMatching(/^a\.yaml:\d+:\d+ profiles/)]);
    expect(missing('x')).toContain(parse(using('mine'), { maps: {} }).problems[0]!.reason);
  });

  test('must be of the stream, and still be maps', () => {
    const of = (definition: JsonObject) => parse(stringify(profiles({ maps: { groups: 'mine' } })), { maps: { mine: definition } });
    const { maps } = parse(map);
    expect(of(maps[0]!.definition).problems).toMatchObject([{ reason: "names a map of entra-identity's users" }]);
    expect(of({ kind: 'map', name: 'mine' }).problems).toMatchObject([
      { reason: 'The transform map "mine" cannot be used: connector is required.' },
    ]);
  });

  test('are one without regard to case', () => {
    expect(parse(`${map}---\n${map.replace('mine', 'Mine')}`).problems).toMatchObject([
      { line: 10, path: 'name', reason: '"Mine" is defined already in a.yaml, line 1 (case does not count)' },
    ]);
  });
});

test('every problem of every document is told at once, in order of the lines, with file, line and column', () => {
  const { problems } = parse(`name: 1contoso
descripton: x
connector: entra-identity
credentials:
  tenantId: 6f0c1d1e-4c55-4d0b-9a59-3f1f6d5b2a11
  clientId: a1f6e8c2-7d3b-4f90-8b6e-52f0c9d4e7a3
  clientSecret: h8Q~very-secret
profiles:
  - name: a b
    schedule: { occurs: weekly }
---
kind: identification-rules
`);
  expect(problems.map(problemInWords)).toEqual([
    `a.yaml:1:7 name: ${named}`,
    'a.yaml:2:1 descripton: is not a known key, did you mean "description"?',
    `a.yaml:7:17 credentials.clientSecret.0: ${isSecret}`,
    'a.yaml:9:11 profiles.0.name: has letters, digits, "-" and "." only, at most 64',
    'a.yaml:10:25 profiles.0.schedule.occurs: must be one of recurring, once',
    'a.yaml:12:1 order: is required',
  ]);
});

test('a value is never repeated, wherever a secret was written', () => {
  const secret = 'h8Q~very-secret';
  const places: JsonObject[] = [
    credentials({ clientSecret: secret }),
    credentials({ clientSecret: [secret] }),
    credentials({ clientSecret: { value: secret } }),
    credentials({ clientId: secret, tenantId: secret }),
    credentials({ secret }),
    { ...base, name: secret, cloud: secret, title: [secret], settings: { owners: secret } },
    custom({ login: `https://user:${secret}@l.example`, graph: secret }),
    profiles({ streams: [secret], schedule: { ...schedule, every: secret, timezone: secret }, maps: { users: secret } }),
  ];
  for (const input of places) {
    const { problems } = parse(stringify(input));
    expect(problems.length).toBeGreaterThan(0);
    expect(JSON.stringify(problems)).not.toContain(secret);
  }
  for (const text of [
    `a: ${secret}: b`,
    `clientSecret: *${secret}`,
    `clientSecret: "${secret}`,
    `- ${secret}\nx`,
    `? ${secret} : [`,
    `!!${secret} x`,
  ]) {
    expect(JSON.stringify(parse(text).problems)).not.toContain(secret);
  }
});

test('two files that define one name, in whatever case, are refused', () => {
  const { problems } = parseConnectionFiles(
    [
      { file: 'a.yaml', text: stringify(base) },
      { file: 'b.yaml', text: stringify({ ...base, name: 'CONTOSO-identity' }) },
    ],
    { now },
  );
  expect(problems.map(problemInWords)).toEqual([
    'b.yaml:1:1 name: "CONTOSO-identity" is defined already in a.yaml, line 1 (case does not count)',
  ]);
});

test.each<[string, string, string]>([
  ['an empty file', '', 'a.yaml:1:1 holds nothing'],
  ['a comment', '# nothing', 'a.yaml:1:1 holds nothing'],
  ['a list', '- a', 'a.yaml:1:1 is not a connection: a document has keys such as name, connector and credentials'],
  ['a text', 'hello', 'a.yaml:1:1 is not a connection: a document has keys such as name, connector and credentials'],
  ['broken YAML', 'a: b\nc: d: e', 'a.yaml:2:4 is not valid YAML (block as implicit key)'],
  ['a key twice', 'name: a\nname: b', 'a.yaml:2:1 is a key that stands here twice'],
  ['an alias of nothing', 'cron: */5 * * * *', 'a.yaml:1:7 is an alias (*) of nothing; a value that begins with * needs quotes'],
  ['a tab', 'a:\n\tb: 1', 'a.yaml:2:1 is indented by a tab; YAML wants blanks'],
  ['a prototype', 'name: a\n__proto__: { x: 1 }', 'a.yaml:2:1 __proto__ is not a key'],
  ['a prototype within', 'settings: { "__proto__": 1 }', 'a.yaml:1:13 __proto__ is not a key'],
  [
    'aliases that multiply',
    `a: &a [x]\n${Array.from({ length: 11 }, (_, index) => `b${index}: *a`).join('\n')}`,
    'a.yaml:12:6 has more than 10 aliases',
  ],
  ['keys by the hundred', `a: ${'{a: '.repeat(120)}1${'}'.repeat(120)}`, 'a.yaml:1:197 is nested too deeply'],
  ['over a megabyte', `a: ${'x'.repeat(1_048_576)}`, 'a.yaml:1:1 is larger than 1 MB'],
  ['documents by the hundred', '---\na: 1\n'.repeat(201), 'a.yaml:1:1 has more than 200 documents'],
])('%s is refused with its place', (_name, text, expected) => {
  const { connections, problems } = parse(text);
  expect(connections).toEqual([]);
  expect(problems.map(problemInWords)).toContain(expected);
});

test('brackets by the thousand are refused, not a broken stack', () => {
  for (const text of ['['.repeat(20_000), `a: ${'{a: '.repeat(5_000)}`, `${'- '.repeat(5_000)}x`]) {
    const { connections, problems } = parse(text);
    expect(connections).toEqual([]);
    expect(problems.map(({ reason }) => reason)).toEqual(['is nested too deeply']);
  }
});

describe('tags', () => {
  const tagsOf = (text: string) => parseConnectionFiles([{ file: 'tags.yaml', text }], { now });

  test('a tag has a name, a query and a criticality; it may stand beside connections', () => {
    const { tags, problems } = tagsOf(
      'kind: tag\nname: Crown jewels\nquery: |-\n  name:DC-*\ncriticality: 5\n---\nkind: tag\nname: eu\nquery: a or b\n',
    );
    expect(problems).toEqual([]);
    expect(tags).toEqual([
      { file: 'tags.yaml', line: 1, tag: { name: 'Crown jewels', query: 'name:DC-*', criticality: 5 }, queryAt: { line: 3, column: 8 } },
      { file: 'tags.yaml', line: 7, tag: { name: 'eu', query: 'a or b', criticality: null }, queryAt: { line: 9, column: 8 } },
    ]);
  });

  test.each([
    ['kind: tag\nname: " x"\nquery: a', ['name: begins with a letter or digit']],
    ['kind: tag\nname: x', ['query: is required']],
    ['kind: tag\nname: x\nquery: a\ncriticality: 6', ['criticality: must be 1 to 5']],
    ['kind: tag\nname: x\nquery: a\ncritical: 1', ['critical: is not a known key']],
    ['kind: tag\nname: x\nquery: a\ncriticallity: 1', ['criticallity: is not a known key, did you mean "criticality"?']],
    ['kind: tag\nname: x\nquery: a\n---\nkind: tag\nname: X\nquery: b', ['name: "X" is defined already in tags.yaml, line 1']],
  ])('refuses %j', (text, expected) => {
    const { problems } = tagsOf(text);
    expect(problems.map(({ path, reason }) => `${path}: ${reason}`)).toEqual(
      expected.map((start) => expect.stringContaining(start) as string),
    );
  });
});

describe('identification rules', () => {
  const all = ['hostname-and-subscription', 'resource-id', 'vm-id', 'bios-uuid', 'mac-and-hostname'];
  const text = (order: readonly string[], more = ''): string => `kind: identification-rules\norder: [${order.join(', ')}]\n${more}`;
  const told = (given: string): string[] => parse(given).problems.map(problemInWords);
  const names = 'resource-id, vm-id, bios-uuid, mac-and-hostname, hostname-and-subscription';

  test('are one list, each rule once, on unless it is off', () => {
    expect(parse(text(all, 'off: [vm-id]'))).toMatchObject({ rules: [{ line: 1, rules: { order: all, off: ['vm-id'] } }], problems: [] });
    expect(parse(text(all))).toMatchObject({ rules: [{ rules: { off: [] } }], connections: [] });
  });

  test.each<[string, string, string]>([
    ['one is missing', text(all.slice(1)), `a.yaml:2:8 order: must name each rule once: ${names}`],
    ['one stands twice', text([...all, 'vm-id']), 'a.yaml:2:8 order: names a rule twice'],
    ['one is none', text([...all.slice(1), 'serial']), `a.yaml:2:58 order.4: must be one of ${names}`],
    [
      "it is the source's own key",
      text(all, 'off: [source-key]'),
      `a.yaml:3:7 off.0: must be one of ${names}; the source's own key cannot be switched off`,
    ],
    ['all are off', text(all, `off: [${all.join(', ')}]`), 'a.yaml:3:6 off: must leave a rule on'],
    ['a key is none', text(all, 'of: []'), 'a.yaml:3:1 of: is not a known key, did you mean "off"?'],
    [
      'there are two',
      `${text(all)}---\n${text(all)}`,
      'a.yaml:4:1 kind: stands already in a.yaml, line 1: an installation has one list of identification rules',
    ],
  ])('are refused where %s', (_what, given, problem) => {
    expect(told(given)).toEqual([problem]);
  });

  test('a connection switches some off for itself, of connectors whose records show anything, and never all', () => {
    const of = (connector: string, off: readonly string[]) =>
      parse(stringify({ ...base, connector, settings: { identificationRules: { off } }, profiles: [{ name: 'default' }] }));
    const { connections } = of('entra-devices', ['vm-id']);
    expect(connections[0]?.spec.settings).toEqual({ includeTags: [], identificationRules: { off: ['vm-id'] } });
    expect(of('entra-devices', all).problems).toMatchObject([{ path: 'settings.identificationRules.off', reason: 'must leave a rule on' }]);
    expect(of('entra-identity', []).problems).toMatchObject([{ path: 'settings.identificationRules' }]);
  });
});
