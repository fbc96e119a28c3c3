// The configuration: what ships, what each variable does, and how a bad one is named.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readConfig, shippedTimings } from '../src/config.ts';
import { asTidemarkError } from '../src/errors.ts';
import { writeStackFile } from '../src/stack/stackFile.ts';

const minute = 60_000;
const hour = 60 * minute;

let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'tidemark-config-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Without the files of whoever runs the tests. */
const bare = (more: Record<string, string> = {}): Record<string, string> => ({
  TIDEMARK_HOME: home,
  HOME: home,
  XDG_CONFIG_HOME: home,
  ...more,
});

test('the shipped timings are these', () => {
  expect(shippedTimings).toEqual({
    sliceMs: 10 * minute,
    pullStartToCloseMs: 15 * minute,
    heartbeatTimeoutMs: minute,
    stallMs: 5 * minute,
    longWaitMs: minute,
    maxWaitMs: 6 * hour,
    workedLimitMs: 24 * hour,
    pagelessLimitMs: 6 * hour,
    shortActivityMs: minute,
    retryInitialMs: 1000,
    retryMaximumMs: minute,
    cursorMaxAgeMs: (6 * 24 + 20) * hour,
  });
});

test('an empty environment has defaults and nothing configured', () => {
  expect(readConfig(bare(), '/')).toEqual({
    home,
    databaseUrl: null,
    temporal: {
      address: '127.0.0.1:7233',
      namespace: 'default',
      connection: expect.objectContaining({ address: '127.0.0.1:7233' }),
      codecKeyFile: null,
    },
    given: { database: false, temporal: false },
    secrets: {
      env: {},
      allowedEnv: [],
      dir: null,
      keyFile: path.join(home, 'secret.key'),
      federatedTokenFile: null,
      jweKeyFiles: [],
      keyVault: null,
      ccp: null,
    },
    allowedOrigins: [],
    log: 'info',
    metrics: null,
    traces: null,
    versioning: false,
    timings: shippedTimings,
    admission: { atOnce: 20, perTenant: 4 },
    exportDir: path.join(home, 'exports'),
    ordersDir: null,
    lists: { kevFile: null, epssFile: null },
    changesDays: 30,
    ordersDays: 400,
    failpoints: [],
    proxy: { url: null, except: null },
    stack: null,
  });
});

test.each([
  ['TIDEMARK_HOME', 'inside', (config: ReturnType<typeof readConfig>) => config.home, '/srv/inside'],
  [
    'TIDEMARK_DATABASE_URL',
    'postgresql://db/tidemark',
    (config: ReturnType<typeof readConfig>) => config.databaseUrl,
    'postgresql://db/tidemark',
  ],
  ['TIDEMARK_SECRET_DIR', 'secrets', (config: ReturnType<typeof readConfig>) => config.secrets.dir, '/srv/secrets'],
  ['TIDEMARK_SECRET_ENV', 'ONE, TWO', (config: ReturnType<typeof readConfig>) => config.secrets.allowedEnv, ['ONE', 'TWO']],
  [
    'TIDEMARK_JWE_KEY_FILES',
    'old.pem, /etc/new.pem',
    (config: ReturnType<typeof readConfig>) => config.secrets.jweKeyFiles,
    ['/srv/old.pem', '/etc/new.pem'],
  ],
  [
    'TIDEMARK_ALLOWED_ORIGINS',
    'https://a.example https://b.example:8443/',
    (config: ReturnType<typeof readConfig>) => config.allowedOrigins,
    ['https://a.example', 'https://b.example:8443'],
  ],
  ['TIDEMARK_RUNS_AT_ONCE', '7', (config: ReturnType<typeof readConfig>) => config.admission.atOnce, 7],
  ['TIDEMARK_RUNS_PER_TENANT', '1', (config: ReturnType<typeof readConfig>) => config.admission.perTenant, 1],
  ['TIDEMARK_CHANGES_RETENTION', '7d', (config: ReturnType<typeof readConfig>) => config.changesDays, 7],
  ['TIDEMARK_ORDERS_RETENTION', '90d', (config: ReturnType<typeof readConfig>) => config.ordersDays, 90],
  ['TIDEMARK_EXPORT_DIR', 'csv', (config: ReturnType<typeof readConfig>) => config.exportDir, '/srv/csv'],
  ['TIDEMARK_CODEC_KEY_FILE', 'codec.keys', (config: ReturnType<typeof readConfig>) => config.temporal.codecKeyFile, '/srv/codec.keys'],
  ['TIDEMARK_ORDERS_DIR', 'orders', (config: ReturnType<typeof readConfig>) => config.ordersDir, '/srv/orders'],
  ['TIDEMARK_KEV_FILE', 'kev.json', (config: ReturnType<typeof readConfig>) => config.lists.kevFile, '/srv/kev.json'],
  ['TIDEMARK_EPSS_FILE', 'epss.csv.gz', (config: ReturnType<typeof readConfig>) => config.lists.epssFile, '/srv/epss.csv.gz'],
  ['TIDEMARK_LOG', 'debug', (config: ReturnType<typeof readConfig>) => config.log, 'debug'],
  ['TIDEMARK_TIMINGS', '{"sliceMs":5}', (config: ReturnType<typeof readConfig>) => config.timings, { ...shippedTimings, sliceMs: 5 }],
  [
    'TIDEMARK_FAILPOINT',
    'page.afterCommit:3:lost,finish.before',
    (config: ReturnType<typeof readConfig>) => config.failpoints,
    [
      { name: 'page.afterCommit', nth: 3, effect: 'lost' },
      { name: 'finish.before', nth: 1, effect: 'kill' },
    ],
  ],
  ['TIDEMARK_METRICS', '127.0.0.1:9464', (config: ReturnType<typeof readConfig>) => config.metrics, '127.0.0.1:9464'],
  ['TIDEMARK_METRICS', '[::1]:9464', (config: ReturnType<typeof readConfig>) => config.metrics, '[::1]:9464'],
  ['TIDEMARK_VERSIONING', 'on', (config: ReturnType<typeof readConfig>) => config.versioning, true],
  [
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'http://collector.example:4318/',
    (config: ReturnType<typeof readConfig>) => config.traces,
    'http://collector.example:4318/v1/traces',
  ],
  [
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    'http://collector.example/traces',
    (config: ReturnType<typeof readConfig>) => config.traces,
    'http://collector.example/traces',
  ],
  ['HTTPS_PROXY', 'http://proxy.example:3128', (config: ReturnType<typeof readConfig>) => config.proxy.url, 'http://proxy.example:3128'],
  ['https_proxy', 'http://proxy.example:3128', (config: ReturnType<typeof readConfig>) => config.proxy.url, 'http://proxy.example:3128'],
  ['NO_PROXY', 'localhost', (config: ReturnType<typeof readConfig>) => config.proxy.except, 'localhost'],
  [
    'TEMPORAL_ADDRESS',
    'temporal.example:7233',
    (config: ReturnType<typeof readConfig>) => config.temporal.address,
    'temporal.example:7233',
  ],
  ['TEMPORAL_NAMESPACE', 'prod', (config: ReturnType<typeof readConfig>) => config.temporal.namespace, 'prod'],
])('%s=%s is read', (name, value, of, expected) => {
  expect(of(readConfig(bare({ [name]: value }), '/srv'))).toEqual(expected);
});

test.each([
  ['TIDEMARK_DATABASE_URL', 'mysql://root:hidden@db/x'],
  ['TIDEMARK_ALLOWED_ORIGINS', 'https://a.example/hidden'],
  ['TIDEMARK_RUNS_AT_ONCE', '0'],
  ['TIDEMARK_RUNS_PER_TENANT', '1.5'],
  ['TIDEMARK_CHANGES_RETENTION', 'hidden'],
  ['TIDEMARK_CHANGES_RETENTION', '0d'],
  ['TIDEMARK_ORDERS_RETENTION', '1d'],
  ['TIDEMARK_LOG', 'hidden'],
  ['TIDEMARK_TIMINGS', '{"hidden":1}'],
  ['TIDEMARK_TIMINGS', '{"sliceMs":0}'],
  ['TIDEMARK_TIMINGS', 'hidden'],
  ['TIDEMARK_FAILPOINT', 'hidden'],
  ['TIDEMARK_FAILPOINT', 'page.afterCommit:0'],
  ['TIDEMARK_FAILPOINT', 'page.afterCommit:1:hidden'],
  ['TIDEMARK_KEYVAULT_LOGIN', 'hidden'],
  ['TIDEMARK_CYBERARK_URL', 'http://hidden'],
  ['TIDEMARK_METRICS', 'hidden:9464'],
  ['TIDEMARK_METRICS', '127.0.0.1'],
  ['TIDEMARK_VERSIONING', 'hidden'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'hidden:4318'],
  ['HTTPS_PROXY', 'ftp://hidden'],
])('%s=%s is refused by name, without its value', (name, value) => {
  const failure = thrownBy(() => readConfig(bare({ [name]: value }), '/'));
  expect(failure.code).toBe('CONFIG_INVALID');
  expect(failure.message).toContain(name);
  expect(`${failure.message} ${failure.hint}`).not.toContain('hidden');
});

test('a Temporal configuration file that cannot be read is refused without its content', () => {
  const failure = thrownBy(() =>
    readConfig(bare({ TEMPORAL_CONFIG_FILE: path.join(home, 'missing.toml'), TEMPORAL_PROFILE: 'prod' }), '/'),
  );
  expect(failure.code).toBe('CONFIG_INVALID');
  expect(failure.hint).toContain('TEMPORAL_CONFIG_FILE');
});

test('only variables with the prefix, or listed, can be secrets', () => {
  const { secrets } = readConfig(
    bare({ TIDEMARK_SECRET_A: '1', TIDEMARK_SECRET_ENV: 'LISTED', LISTED: '2', OTHER: '3', TIDEMARK_SECRET_DIR: '/s' }),
    '/',
  );
  expect(secrets.env).toEqual({ TIDEMARK_SECRET_A: '1', LISTED: '2' });
});

describe('with the stack file of `up`', () => {
  const stack = {
    temporalAddress: '127.0.0.1:1',
    namespace: 'default',
    uiAddress: 'http://127.0.0.1:2',
    databaseUrl: 'postgresql:///a',
    simulator: null,
  };
  beforeEach(() => writeStackFile(home, stack));

  test('it fills what the variables do not set', () => {
    const config = readConfig(bare(), '/');
    expect(config.databaseUrl).toBe(stack.databaseUrl);
    expect(config.temporal).toMatchObject({ address: stack.temporalAddress, namespace: 'default' });
    expect(config.stack).toEqual(stack);
    expect(config.given).toEqual({ database: false, temporal: false });
  });

  test('variables win', () => {
    const config = readConfig(bare({ TIDEMARK_DATABASE_URL: 'postgresql:///b', TEMPORAL_ADDRESS: 'elsewhere:7233' }), '/');
    expect(config.databaseUrl).toBe('postgresql:///b');
    expect(config.temporal.address).toBe('elsewhere:7233');
    expect(config.given).toEqual({ database: true, temporal: true });
  });
});

function thrownBy(work: () => unknown): ReturnType<typeof asTidemarkError> {
  try {
    work();
  } catch (error) {
    return asTidemarkError(error);
  }
  throw new Error('Nothing was thrown.');
}

test('what secrets the environment holds is read each time: a change of the process is seen', () => {
  const env: Record<string, string | undefined> = { TIDEMARK_SECRET_A: 'old', TIDEMARK_SECRET_ENV: 'LISTED', OTHER: 'x' };
  const { secrets } = readConfig(env, '/tmp');
  expect(secrets.env).toEqual({ TIDEMARK_SECRET_A: 'old' });
  Object.assign(env, { TIDEMARK_SECRET_A: 'new', LISTED: 'listed', TIDEMARK_SECRET_B: '' });
  expect(secrets.env).toEqual({ TIDEMARK_SECRET_A: 'new', LISTED: 'listed' });
});

test.each([
  [{}, '/tmp/.tidemark/secret.key'],
  [{ TIDEMARK_HOME: '/elsewhere' }, '/elsewhere/secret.key'],
  [{ TIDEMARK_SECRET_KEY_FILE: 'keys/k' }, '/tmp/keys/k'],
])('with %j the key of kept secrets is in %s, and its name is no secret', (env, file) => {
  expect(readConfig(env, '/tmp').secrets).toMatchObject({ keyFile: file, env: {} });
});

describe('the login to vaults', () => {
  const azure = { AZURE_TENANT_ID: 't', AZURE_CLIENT_ID: 'c', AZURE_CLIENT_SECRET: 'hidden', AZURE_CLIENT_CERTIFICATE_PATH: 'c.pem' };
  const application = { tenantId: 't', clientId: 'c', authority: null };

  test.each([
    ['managed', {}, { by: 'managed', clientId: null }],
    ['managed', { AZURE_CLIENT_ID: 'c' }, { by: 'managed', clientId: 'c' }],
    ['workload', { ...azure, AZURE_FEDERATED_TOKEN_FILE: '/token' }, { by: 'workload', ...application, tokenFile: '/token' }],
    [
      'secret',
      { ...azure, AZURE_AUTHORITY_HOST: 'https://login.example/' },
      { by: 'secret', ...application, authority: 'https://login.example', secret: 'hidden' },
    ],
    ['certificate', azure, { by: 'certificate', ...application, certificateFile: '/srv/c.pem' }],
  ])('is %s when it is named, with %j', (login, env, expected) => {
    expect(readConfig(bare({ TIDEMARK_KEYVAULT_LOGIN: login, ...env }), '/srv').secrets.keyVault).toEqual(expected);
  });

  test('is none when it is not named, whatever Azure would find', () => {
    expect(readConfig(bare({ ...azure, AZURE_AUTHORITY_HOST: 'x' }), '/srv').secrets.keyVault).toBeNull();
  });

  test.each([
    ['secret', { ...azure, AZURE_CLIENT_SECRET: '' }, 'AZURE_CLIENT_SECRET is not set, which TIDEMARK_KEYVAULT_LOGIN=secret needs.'],
    ['workload', { AZURE_CLIENT_ID: 'c' }, 'AZURE_TENANT_ID is not set, which TIDEMARK_KEYVAULT_LOGIN=workload needs.'],
    ['certificate', { ...azure, AZURE_AUTHORITY_HOST: 'http://hidden' }, 'AZURE_AUTHORITY_HOST must be an https address.'],
  ])('%s without what it needs is refused by name', (login, env, message) => {
    const failure = thrownBy(() => readConfig(bare({ TIDEMARK_KEYVAULT_LOGIN: login, ...env }), '/srv'));
    expect([failure.code, failure.message]).toEqual(['CONFIG_INVALID', message]);
  });
});

test('CyberArk is asked with an application and a certificate, or not at all', () => {
  const url = { TIDEMARK_CYBERARK_URL: 'https://ccp.example/AIMWebService', TIDEMARK_CYBERARK_APP_ID: 'tidemark' };
  expect(readConfig(bare({ ...url, TIDEMARK_CYBERARK_CERT_FILE: 'w.pem' }), '/srv').secrets.ccp).toEqual({
    url: 'https://ccp.example/AIMWebService',
    appId: 'tidemark',
    certificateFile: '/srv/w.pem',
    caFile: null,
  });
  expect(thrownBy(() => readConfig(bare(url), '/srv')).message).toBe(
    'TIDEMARK_CYBERARK_CERT_FILE is not set, which TIDEMARK_CYBERARK_URL needs.',
  );
});
