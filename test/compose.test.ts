// docker-compose.yml and the Dockerfile hold together, without a Docker to try them on: shape, names, paths, and what must not be open.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { variables } from '../src/config.ts';
import { memory } from '../src/stack/workerProcess.ts';

const root = path.join(import.meta.dirname, '..');
const read = (name: string): string => readFileSync(path.join(root, name), 'utf8');

/** What is used of the Compose Specification; anything else is a slip. */
const serviceSchema = z.strictObject({
  image: z.string().optional(),
  build: z.strictObject({ context: z.string(), target: z.string() }).optional(),
  environment: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  ports: z.array(z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  healthcheck: z
    .strictObject({
      test: z.tuple([z.enum(['CMD', 'CMD-SHELL'])], z.string()),
      interval: z.string(),
      timeout: z.string(),
      retries: z.int().positive(),
    })
    .optional(),
  depends_on: z
    .record(z.string(), z.strictObject({ condition: z.enum(['service_started', 'service_healthy', 'service_completed_successfully']) }))
    .optional(),
  entrypoint: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  restart: z.enum(['no', 'always', 'on-failure', 'unless-stopped']).optional(),
  read_only: z.boolean().optional(),
  tmpfs: z.array(z.string()).optional(),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  stop_grace_period: z.string().optional(),
});
const composeSchema = z.strictObject({ services: z.record(z.string(), serviceSchema), volumes: z.record(z.string(), z.null()) });

const compose = composeSchema.parse(parse(read('docker-compose.yml')));
const services = Object.entries(compose.services);

test('it has Temporal, its UI, PostgreSQL and a worker', () => {
  expect(Object.keys(compose.services)).toEqual(expect.arrayContaining(['temporal', 'temporal-ui', 'postgres', 'worker']));
});

describe.each(services)('%s', (_name, service) => {
  test('comes from an image of a fixed version, or from our Dockerfile', () => {
    expect([service.image, service.build].filter((from) => from !== undefined)).toHaveLength(1);
    if (service.image !== undefined) expect(service.image).toMatch(/^[a-z/-]+:\d+\.\d+(\.\d+)?$/);
  });

  test('opens ports on this machine only', () => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  test('waits for services that exist and say when they are healthy', () => {
    for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(compose.services).toHaveProperty(name);
      if (condition === 'service_healthy') expect(compose.services[name]?.healthcheck).toBeDefined();
    }
  });

  test('has its named volumes declared', () => {
    const named = (service.volumes ?? []).map((volume) => volume.split(':')[0] ?? '').filter((volume) => !volume.startsWith('.'));
    expect(Object.keys(compose.volumes)).toEqual(expect.arrayContaining(named));
  });

  test('has no password in the file', () => {
    for (const [key, value] of Object.entries(service.environment ?? {})) {
      if (/PASSWORD|PWD/.test(key)) expect(value).toMatch(/^\$\{POSTGRES_PASSWORD:\?/);
      expect(String(value)).not.toMatch(/:\/\/[^:/]+:(?!\$\{POSTGRES_PASSWORD:\?)[^@]*@/);
    }
  });
});

test('the worker is told by variables that the configuration knows', () => {
  const known = [...Object.keys(variables), 'TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE'];
  expect(known).toEqual(expect.arrayContaining(Object.keys(compose.services['worker']?.environment ?? {})));
});

test('the worker reads its secrets where they are mounted, read-only', () => {
  const worker = compose.services['worker'];
  expect(worker?.volumes).toEqual([`./secrets:${worker?.environment?.['TIDEMARK_SECRET_DIR']}:ro`]);
});

test('it registers the search attributes of the code', () => {
  const source = read('src/stack/searchAttributes.ts');
  const [script = ''] = compose.services['search-attributes']?.command ?? [];
  const names = [...script.matchAll(/--name (\w+)/g)].map(([, name]) => name);
  expect(names).toHaveLength(4);
  for (const name of names) expect(source).toContain(`${name}:`);
});

describe('the Dockerfile', () => {
  const lines = read('Dockerfile')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const stages = lines.flatMap((line) => /^FROM (\S+) AS (\S+)$/.exec(line)?.slice(1) ?? []);

  test('has the stages that are used, on a fixed Node', () => {
    expect(stages).toEqual(['node:24-slim', 'build', 'node:24-slim', 'worker']);
    expect(compose.services['worker']?.build?.target).toBe('worker');
    for (const [, stage] of read('Dockerfile').matchAll(/--from=(\S+)/g)) expect(stages).toContain(stage);
  });

  test('copies what exists and what .dockerignore lets through', () => {
    const copied = lines
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(' ').slice(1, -1));
    expect(copied.length).toBeGreaterThan(5);
    const kept = read('.dockerignore').split('\n');
    for (const name of copied) {
      expect(existsSync(path.join(root, name))).toBe(true);
      expect(kept).toContain(`!${name}`);
    }
  });

  test('runs the compiled worker, not as root', () => {
    expect(existsSync(path.join(root, 'src', 'worker.ts'))).toBe(true);
    expect(lines.at(-2)).toBe('USER node');
    const { nodeFlags, allocator } = memory;
    expect(JSON.parse(lines.at(-1)?.replace(/^CMD /, '') ?? '')).toEqual(['node', ...nodeFlags, 'dist/src/worker.js']);
    const set = Object.entries(allocator).map(([name, value]) => `${name}=${value}`);
    expect(lines).toContain(`ENV ${set.join(' ')}`);
  });
});
