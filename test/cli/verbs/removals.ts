// Held removals from the command line, on a real stack: a full pull that misses too many is held, listed, approved or rejected by digest.
import { z } from 'zod';
import { stack } from './stack.ts';
import type { Ended } from '../tidemark.ts';

/** More than the shipped guard lets go. */
const gone = 40;

const held = z.strictObject({ count: z.int(), digest: z.string().nullable() });
const report = z.looseObject({
  run: z.string(),
  mode: z.string(),
  reason: z.string(),
  verdict: z.string(),
  held,
  assets: z.looseObject({ removed: z.int() }),
});
const answer = z.strictObject({ name: z.string(), outcome: z.string(), run: z.string().nullable(), reason: z.string().nullable() });
const done = z.strictObject({ name: z.string(), done: z.boolean(), note: z.string().nullable() });
const listed = z.strictObject({
  connection: z.string(),
  count: z.int(),
  digest: z.string().nullable(),
  groups: z.array(z.strictObject({ stream: z.string(), kind: z.string(), why: z.enum(['source', 'absent']), count: z.int() })),
  removals: z.array(
    z.strictObject({
      stream: z.string(),
      kind: z.string(),
      id: z.string(),
      other: z.string().nullable(),
      name: z.string().nullable(),
      why: z.enum(['source', 'absent']),
      asked: z.boolean(),
      since: z.iso.datetime(),
      sinceRun: z.string(),
    }),
  ),
});
const standing = z.looseObject({ state: z.string(), held: held.nullable() });

function read<T>(schema: z.ZodType<T>, ended: Ended, code: number): T {
  expect({ code: ended.code, stderr: code === ended.code ? '' : ended.stderr }).toEqual({ code, stderr: '' });
  return schema.parse(JSON.parse(ended.stdout));
}
const json = async <T>(schema: z.ZodType<T>, words: readonly string[], code = 0): Promise<T> =>
  read(schema, await stack.call([...words, '--json']), code);

/** Applies a connection that reads users, pulls it, and deletes some of them for good. Answers how many there were, and the run that holds. */
async function holding(name: string): Promise<{ readonly users: number; readonly run: z.infer<typeof report> }> {
  const file = stack.write(name, { profiles: 'profiles:\n  - name: default\n    streams: [users]\n' });
  await stack.call(['apply', '-f', file]);
  expect(await json(report, ['run', name, '--wait'])).toMatchObject({ verdict: 'complete', held: { count: 0, digest: null } });
  const ids: string[] = [];
  for await (const { id } of stack.simulator.truth('users', ['id'])) ids.push(String(id));
  await stack.simulator.mutate(ids.slice(0, gone).map((id) => ({ do: 'deleteUser', id, hard: true })));
  return { users: ids.length, run: await json(report, ['run', name, '--full', '--wait'], 5) };
}

const live = async (name: string): Promise<number> =>
  (await json(z.array(z.looseObject({})), ['assets', '--connection', name, '--limit', '10000'])).length;

export function removalsVerbs(): void {
  test('held, listed, refused for another digest, approved', async () => {
    const { users, run: holdingRun } = await holding('approving');
    const { run, ...full } = holdingRun;
    expect(full).toMatchObject({ mode: 'full', verdict: 'complete', assets: { removed: 0 }, held: { count: gone } });
    const digest = full.held.digest ?? '';
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(await live('approving')).toBe(users);

    for (const verb of ['status', 'get'])
      expect(await json(standing, [verb, 'approving'])).toMatchObject({ state: 'held', held: full.held });
    const commands = ['approve', 'reject'].map((verb) => `tidemark ${verb} approving --digest ${digest}`);
    for (const words of [
      ['status', 'approving'],
      ['get', 'approving'],
      ['run-report', run],
      ['removals', 'approving'],
    ]) {
      const { stdout } = await stack.call(words);
      for (const text of [`${gone} removals are held, digest ${digest}`, ...commands])
        expect({ words, stdout }).toEqual({ words, stdout: expect.stringContaining(text) });
    }

    const list = await stack.call(['removals', 'approving', '--limit', '2', '--json']);
    expect(list.stderr).toBe(`There are ${gone}; --limit shows more.\n`);
    const { removals, ...rest } = read(listed, list, 0);
    expect(rest).toEqual({
      connection: 'approving',
      ...full.held,
      groups: [{ stream: 'users', kind: 'record', why: 'absent', count: gone }],
    });
    expect(removals).toHaveLength(2);
    expect(removals[0]).toMatchObject({ stream: 'users', kind: 'record', other: null, asked: false, sinceRun: run });
    expect((await stack.call(['removals', 'approving', '--output', 'csv'])).stdout).toMatch(
      /^stream,kind,id,other,name,why,asked,sinceRun\n/,
    );

    const other = 'f'.repeat(64);
    const changed = `the held removals have changed: their digest is ${digest}`;
    const refused = { name: 'approving', outcome: 'skipped', run: null, reason: changed };
    for (const wait of [[], ['--wait']])
      expect(await json(answer, ['approve', 'approving', '--digest', other, ...wait], 1)).toEqual(refused);
    expect(await json(done, ['reject', 'approving', '--digest', other], 1)).toMatchObject({ done: false, note: changed });
    expect((await stack.call(['approve', 'approving', '--digest', other])).stdout).toBe(`nothing of approving is removed: ${changed}\n`);
    const malformed = await stack.call(['approve', 'approving', '--digest', 'latest']);
    expect({ code: malformed.code, stderr: malformed.stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('"digest" must be that of the held removals'),
    });
    expect(await live('approving')).toBe(users);

    const approved = await json(report, ['approve', 'approving', '--digest', digest, '--wait']);
    expect(approved).toMatchObject({
      mode: 'settle',
      reason: 'removals approved',
      verdict: 'complete',
      assets: { removed: gone },
      held: { count: 0, digest: null },
    });
    expect(await live('approving')).toBe(users - gone);
    for (const verb of ['status', 'get'])
      expect(await json(standing, [verb, 'approving'])).toMatchObject({ state: 'processed', held: null });
    expect(await json(listed, ['removals', 'approving'])).toEqual({
      connection: 'approving',
      count: 0,
      digest: null,
      groups: [],
      removals: [],
    });
    expect((await stack.call(['removals', 'approving'])).stdout).toBe('No removals of approving are held.\n');
    expect(await json(answer, ['approve', 'approving', '--digest', digest], 1)).toMatchObject({
      outcome: 'skipped',
      reason: 'no removals are held',
    });
    expect(await json(report, ['run', 'approving', '--full', '--wait'])).toMatchObject({ verdict: 'complete', assets: { removed: 0 } });
  });

  test('rejected removes nothing, and the next full pull asks again', async () => {
    const { users, run } = await holding('rejecting');
    const first = run.held;
    const digest = first.digest ?? '';
    expect(await json(done, ['reject', 'rejecting', '--digest', digest])).toEqual({
      name: 'the held removals of rejecting',
      done: true,
      note: null,
    });
    expect(await json(standing, ['status', 'rejecting'])).toMatchObject({ state: 'processed', held: null });
    expect(await json(report, ['run', 'rejecting', '--wait'])).toMatchObject({ mode: 'delta', verdict: 'complete', held: { count: 0 } });
    expect(await live('rejecting')).toBe(users);
    const again = await json(report, ['run', 'rejecting', '--full', '--wait'], 5);
    expect(again).toMatchObject({ verdict: 'complete', assets: { removed: 0 }, held: first });
    const { stdout } = await stack.call(['approve', 'rejecting', '--digest', digest]);
    expect(stdout).toMatch(/^rejecting:\d+ removes what was held of rejecting\n$/);
  });

  test('approved while a run is under way, it waits for that run', async () => {
    const { held: set } = (await holding('queueing')).run;
    const words = ['approve', 'queueing', '--digest', set.digest ?? ''];
    await stack.simulator.addFaults([{ match: '/users/delta', fault: { kind: 'status', status: 503 } }]);
    try {
      const [under] = await json(z.array(z.looseObject({ outcome: z.string(), run: z.string() })), ['run', 'queueing']);
      expect(under?.outcome).toBe('run');
      expect(await json(answer, words)).toEqual({ name: 'queueing', outcome: 'queued', run: null, reason: null });
      // It goes on only once the verb has said that it waits.
      const onNote = (): void => void stack.simulator.clearFaults();
      const ended = await stack.call([...words, '--wait', '--json'], { onNote });
      expect(ended.stderr).toBe('queued behind the run under way\n');
      expect(read(report, ended, 0)).toMatchObject({ mode: 'settle', verdict: 'complete', assets: { removed: gone }, held: { count: 0 } });
    } finally {
      await stack.simulator.clearFaults();
    }
  });
}
