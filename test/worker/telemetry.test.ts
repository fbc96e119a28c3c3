// What a worker tells of itself: its metrics with the dashboard made of them, its log lines, and its traces. By a real worker, over runs that were throttled, failed and skipped.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { request } from 'undici';
import { z } from 'zod';
import { metricNames } from '../../src/metrics.ts';
import { freePort } from '../../src/stack/ports.ts';
import { connectionId, pullId } from '../../src/workflows/ids.ts';
import { pauseUpdate, pullDueUpdate, resumeUpdate } from '../../src/workflows/messages.ts';
import { atSite, recoveryMs, sharedServers, type Site } from '../crash/site.ts';
import { prepareWorkerCode } from '../crash/workerProcess.ts';
import { eventually } from '../support/waiting.ts';

const inTurn = process.env['TIDEMARK_TEST_DATABASE_URL'] === undefined ? test.skip : test;
const root = path.join(import.meta.dirname, '../..');

/** A full pull whose first page of users is refused more often than the client tries at once, and that is throttled; then a skipped occurrence. */
async function eventfulRun(site: Site): Promise<void> {
  site.simulator.addFaults([
    { match: '/v1.0/users', at: [1, 2, 3, 4, 5, 6], fault: { kind: 'status', status: 500 } },
    { match: '/groups/delta', at: [2], fault: { kind: 'throttle', retryAfter: 2 } },
  ]);
  await site.ask('full');
  expect((await site.runEnds(1)).verdict).toBe('complete');
  const entity = site.client.workflow.getHandle(connectionId('tenant'));
  const update = (name: string, input: object): Promise<unknown> => entity.executeUpdate(name, { args: [input] });
  await update(pauseUpdate.name, {});
  await update(pullDueUpdate.name, { profile: 'default', scheduledAt: '2026-05-05T00:00:00Z' });
  await eventually('the occurrence is recorded', recoveryMs, async () => {
    const rows = await site.database.query('select from occurrence where outcome = $1', ['skipped']);
    return rows.length === 1;
  });
  await update(resumeUpdate.name, {});
  expect((await site.runEnds(2)).mode).toBe('delta');
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

async function scrape(address: string): Promise<Sample[]> {
  const { body } = await request(`http://${address}/metrics`);
  const page = await body.text();
  return [...page.matchAll(/^([a-z_]+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = '', labels = '', value = '']) => ({
    name,
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', text = '']) => [key, text])),
    value: Number(value),
  }));
}

const dashboard = z.object({
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).min(1) })).min(8),
});

/** The names of metrics in a query, and the labels that it asks for. */
function askedBy(expr: string): { readonly names: readonly string[]; readonly labels: readonly string[] } {
  const names = [...expr.matchAll(/\b(?:tidemark|temporal)_\w+/g)].map(([name]) => name);
  const labels = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', '));
  return { names, labels };
}

/** What a worker told of the runs. */
interface Telling {
  readonly expected: { readonly requests: number; readonly added: number };
  readonly samples: readonly Sample[];
  readonly log: string;
  /** The bodies that its traces came in, once it had ended with `code`. */
  readonly traces: readonly string[];
  readonly code: number | null;
  /** Temporal's id of the first run. */
  readonly runId: string;
  readonly secret: string;
}

let told: Telling;
beforeAll(async () => {
  if (process.env['TIDEMARK_TEST_DATABASE_URL'] === undefined) return;
  const collector = await startCollector();
  const address = `127.0.0.1:${await freePort()}`;
  const env = { TIDEMARK_METRICS: address, TIDEMARK_LOG: 'debug', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
  try {
    told = await atSite({ ...(await sharedServers()), code: await prepareWorkerCode(), env }, async (site) => {
      const worker = site.startWorker();
      await eventfulRun(site);
      const reports = await site.database.query<{ requests: number; added: number; finished: number }>(
        `select sum((s ->> 'requests')::int)::int as requests, sum((s ->> 'added')::int)::int as added, max(extract(epoch from finished_at))::int as finished
         from run, jsonb_array_elements(report -> 'streams') s`,
      );
      const [expected] = reports;
      if (expected === undefined) throw new Error('no reports');
      const samples = await eventually('the gauges are read again', 30_000, async () => {
        const now = await scrape(address);
        const success = now.find(({ name }) => name === metricNames.lastSuccess);
        return Math.abs((success?.value ?? 0) - expected.finished) <= 1 ? now : null;
      });
      const log = site.log();
      const { runId } = await site.client.workflow.getHandle(pullId('tenant', 1)).describe();
      worker.send('SIGTERM');
      const { code } = await worker.ended;
      return { expected, samples, log, traces: collector.bodies, code, runId, secret: site.simulator.clientSecret };
    });
  } finally {
    await collector.close();
  }
}, recoveryMs);

inTurn('metrics: each is right after the runs, and the dashboard asks for none that is not there', () => {
  const { expected, samples } = told;
  const sum = (name: string, labels: Readonly<Record<string, string>> = {}): number =>
    samples
      .filter((sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
      .reduce((total, { value }) => total + value, 0);
  const full = { connector: 'entra-identity', mode: 'full', verdict: 'complete' };
  expect(sum(metricNames.runs, full)).toBe(1);
  expect(sum(metricNames.runs, { ...full, mode: 'delta' })).toBe(1);
  expect(sum(metricNames.runs)).toBe(2);
  expect(sum(metricNames.requests)).toBe(expected.requests);
  expect(sum(metricNames.records, { change: 'added' })).toBe(expected.added);
  expect(sum(metricNames.records, { stream: 'users', change: 'added' })).toBe(120);
  expect(sum(metricNames.throttled)).toBeGreaterThanOrEqual(1);
  expect(sum(metricNames.skipped, { reason: 'paused' })).toBe(1);
  expect(sum(metricNames.skipped)).toBe(1);
  expect(sum(metricNames.secretExpires, { connection: 'tenant' })).toBeGreaterThan(0);
  expect(samples.filter(({ name }) => name === metricNames.held)).toMatchObject([{ labels: { connection: 'tenant' }, value: 0 }]);

  const { panels } = dashboard.parse(JSON.parse(readFileSync(path.join(root, 'dashboards/tidemark.json'), 'utf8')));
  const asked = panels.flatMap(({ targets }) => targets.map(({ expr }) => askedBy(expr)));
  for (const { names, labels } of asked) {
    for (const name of names) {
      const exposed = samples.filter((sample) => sample.name === name);
      expect({ name, exposed: exposed.length > 0 }).toEqual({ name, exposed: true });
      expect(labels.filter((label) => !exposed.some((sample) => label in sample.labels))).toEqual([]);
    }
  }
  expect(Object.values(metricNames).filter((name) => !asked.some(({ names }) => names.includes(name)))).toEqual([]);
});

inTurn('logs: every line is JSON, and those of a run say its connection, its number and its stream', () => {
  const { log, secret } = told;
  const lines = log.trim().split('\n');
  const parsed = lines.map((line): Record<string, unknown> => z.record(z.string(), z.unknown()).parse(JSON.parse(line)));
  expect(parsed.find(({ msg }) => msg === 'pullStream failed.')).toMatchObject({
    level: 'warn',
    connection: 'tenant',
    run: 1,
    stream: 'users',
  });
  // Temporal's own lines about a workflow.
  expect(parsed.some(({ msg, connection, run }) => String(msg).startsWith('temporal: ') && connection === 'tenant' && run === 1)).toBe(
    true,
  );
  const loud = parsed.filter(({ level }) => level === 'warn' || level === 'error').map(({ msg }) => msg);
  expect(loud.filter((msg) => msg !== 'pullStream failed.')).toEqual([]);
  expect(log).not.toContain(secret);
});

interface Collector {
  readonly url: string;
  /** The bodies that came. */
  readonly bodies: readonly string[];
  close(): Promise<void>;
}

/** Takes traces as a collector does, by OTLP over HTTP in JSON. */
async function startCollector(): Promise<Collector> {
  const bodies: string[] = [];
  const server = createServer((incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      if (incoming.url === '/v1/traces') bodies.push(Buffer.concat(parts).toString());
      response.writeHead(incoming.url === '/v1/traces' ? 200 : 404, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // Of a server that listens on an address.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    bodies,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

const attribute = z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) });
const traces = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: z.array(attribute) }),
      scopeSpans: z.array(
        z.object({ spans: z.array(z.object({ traceId: z.string(), name: z.string(), attributes: z.array(attribute) })) }),
      ),
    }),
  ),
});

inTurn('traces: the spans of a run are one trace with its names, and no secret is in them', () => {
  expect(told.code).toBe(0);
  const received = told.traces.map((body) => traces.parse(JSON.parse(body))).flatMap(({ resourceSpans }) => resourceSpans);
  const spans = received.flatMap(({ scopeSpans }) => scopeSpans).flatMap(({ spans: of }) => of);
  const value = (span: (typeof spans)[number], key: string): unknown =>
    Object.values(span.attributes.find((each) => each.key === key)?.value ?? {})[0];
  const users = spans.filter((span) => span.name === 'RunActivity:pullStream' && value(span, 'tidemark.stream') === 'users');
  expect(users.length).toBeGreaterThan(1);
  const [first] = users;
  if (first === undefined) throw new Error('no span');
  expect([value(first, 'tidemark.connection'), Number(value(first, 'tidemark.run'))]).toEqual(['tenant', 1]);
  const together = spans.filter(({ traceId }) => traceId === first.traceId).map(({ name }) => name);
  expect(together).toEqual(expect.arrayContaining(['RunActivity:planRun', 'RunActivity:settle', 'RunActivity:finishRun']));
  expect(first.traceId).toBe(told.runId.replaceAll('-', ''));
  expect(told.traces.join('')).toContain('tidemark-worker');
  expect(told.traces.join('')).not.toContain(told.secret);
});
