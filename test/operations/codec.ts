// Verbs and a worker with a key for payloads: Temporal keeps nothing readable, the verbs work, and the codec endpoint reads it for Temporal's own tools.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { request } from 'undici';
import { freePort } from '../../src/stack/ports.ts';
import { nodeEnvironment, preparedMain } from '../support/code.ts';
import { z } from 'zod';
import { eventually } from '../support/waiting.ts';
import { type Elsewhere, stack, startElsewhere } from './site.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-codec-'));
const keyFile = path.join(folder, 'codec.keys');
const rotatedFile = path.join(folder, 'rotated.keys');
const line = (id: string, fill: number): string => `${id}:${Buffer.alloc(32, fill).toString('base64')}\n`;
writeFileSync(keyFile, line('first', 1), { mode: 0o600 });
writeFileSync(rotatedFile, line('second', 2) + line('first', 1), { mode: 0o600 });
const uiOrigin = 'https://temporal-ui.example';

describe('under a key for payloads', () => {
  let sealed: Elsewhere;
  let endpoint: ChildProcess;
  let address: string;
  beforeAll(async () => {
    sealed = await startElsewhere('sealed', { TIDEMARK_CODEC_KEY_FILE: keyFile });
    const port = await freePort();
    address = `http://127.0.0.1:${port}`;
    // It has a newer first key than what wrote the histories.
    endpoint = spawn(process.execPath, [await preparedMain(), 'codec', '--port', String(port), '--origin', uiOrigin], {
      env: { ...process.env, ...nodeEnvironment, TIDEMARK_CODEC_KEY_FILE: rotatedFile },
      stdio: 'ignore',
    });
  }, 180_000);
  afterAll(async () => {
    endpoint?.kill('SIGKILL');
    await sealed?.stop();
    rmSync(folder, { recursive: true });
  }, 60_000);

  /** As a client without the codec has it: every text of the history, base64 read. */
  async function rawHistory(workflowId: string): Promise<string> {
    return inWords((await sealed.client.workflow.getHandle(workflowId).fetchHistory()).events);
  }

  /** As JSON, the bytes of payloads as text. */
  function inWords(of: unknown): string {
    const bytes = new Set(['encoding', 'data']);
    return JSON.stringify(of, (key, value: unknown) =>
      bytes.has(key) && typeof value === 'string' ? Buffer.from(value, 'base64').toString('latin1') : value,
    );
  }

  test('of a run Temporal has no readable payload; the verbs and the endpoint have', async () => {
    const file = stack.write('sealed');
    expect(await sealed.call(['apply', '-f', file, '--skip-test'])).toMatchObject({ code: 0 });
    const run = await sealed.call(['run', 'sealed', '--wait', '--json']);
    expect({ code: run.code, told: run.stdout.includes('SOURCE_AUTH_FAILED') }).toEqual({ code: 4, told: true });
    expect(await sealed.call(['status', 'sealed'])).toMatchObject({ code: 0, stdout: expect.stringContaining('errored') });

    const pull = `pull:${z.looseObject({ run: z.string() }).parse(JSON.parse(run.stdout)).run}`;
    const raw = await rawHistory(pull);
    expect(raw).toContain('binary/encrypted');
    expect(raw).not.toMatch(/json\/plain|binary\/null|SOURCE_AUTH_FAILED|clientSecret/);
    const decoded = await shown(pull);
    expect(decoded).toContain('SOURCE_AUTH_FAILED');
    expect(decoded).not.toContain('encryption-key-id');
  }, 120_000);

  test('of a workflow that failed Temporal has no readable message nor stack; the endpoint has', async () => {
    const words = ['--type', 'connection', '--task-queue', 'tidemark', '-w', 'refused', '--input', '{"wrong":true}'];
    expect(await sealed.temporal('workflow', 'start', ...words)).toMatchObject({ code: 0 });
    const raw = await eventually('it fails', 30_000, async () => {
      const history = await rawHistory('refused');
      return history.includes('EVENT_TYPE_WORKFLOW_EXECUTION_FAILED') ? history : null;
    });
    expect(raw).toContain('"message":"Encoded failure"');
    expect(raw).not.toMatch(/Refused: |"stackTrace":"[^"]/);
    expect(await shown('refused')).toContain('Refused: ');
  }, 60_000);

  /** By Temporal's own command line and the endpoint. */
  async function shown(workflowId: string): Promise<string> {
    await eventually('the endpoint answers', 30_000, () => request(address, { method: 'OPTIONS' }).catch(() => null));
    const { code, stdout } = await sealed.temporal('workflow', 'show', '-w', workflowId, '--output', 'json', '--codec-endpoint', address);
    expect(code).toBe(0);
    return inWords(JSON.parse(stdout));
  }

  test('a verb without the key says which key it lacks', async () => {
    const { code, stderr } = await stack.call(['pause', 'sealed', '--json'], { env: { TEMPORAL_NAMESPACE: 'sealed' } });
    const { error } = z
      .object({ error: z.object({ code: z.string(), hint: z.string() }) })
      .parse(JSON.parse(stderr.trim().split('\n').at(-1) ?? ''));
    expect({ code, error }).toMatchObject({
      code: 1,
      error: { code: 'SECRET_UNAVAILABLE', hint: expect.stringContaining('TIDEMARK_CODEC_KEY_FILE') as string },
    });
  });

  interface Asked {
    readonly body?: string;
    readonly origin?: string;
    readonly host?: string;
    readonly way?: string;
  }

  test.each<[string, Asked, number, string]>([
    ['of payloads', {}, 200, 'binary/encrypted'],
    ['of a page of the UI', { origin: uiOrigin }, 200, 'binary/encrypted'],
    ['of another page', { origin: 'https://elsewhere.example' }, 403, 'may not ask'],
    ['under another name', { host: 'rebound.example' }, 403, 'may not ask'],
    ['that is no JSON', { body: 'x' }, 400, 'no JSON of payloads'],
    ['that is too large', { body: ' '.repeat(9 * 1024 * 1024) }, 413, 'at most 8 MB'],
    ['to another path', { way: '/other' }, 404, 'POST /encode'],
  ])('a request %s is answered so', async (_what, { body, origin, host, way = '/encode' }, status, words) => {
    await eventually('the endpoint answers', 30_000, () => request(address, { method: 'OPTIONS' }).catch(() => null));
    const payloads = [{ metadata: { encoding: Buffer.from('json/plain').toString('base64') }, data: Buffer.from('1').toString('base64') }];
    const headers = { ...(origin === undefined ? {} : { origin }), ...(host === undefined ? {} : { host }) };
    const answer = await request(address + way, { method: 'POST', headers, body: body ?? JSON.stringify({ payloads }) });
    const text = await answer.body.text();
    const said = status === 200 ? Buffer.from(/"encoding":"([^"]*)"/.exec(text)?.[1] ?? '', 'base64').toString() : text;
    expect([answer.statusCode, said]).toEqual([status, expect.stringContaining(words)]);
    expect(answer.headers['access-control-allow-origin']).toBe(origin === uiOrigin ? uiOrigin : undefined);
  });
});
