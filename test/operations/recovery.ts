// What an operator may do to an entity from outside: a burst of signals, terminate, cancel and reset it or its pull, a namespace without our search
// attributes. Nothing that was asked for is lost, and every run reaches a verdict (I9).
import { z } from 'zod';
import { connectionId } from '../../src/workflows/ids.ts';
import { stateQuery } from '../../src/workflows/messages.ts';
import { eventually } from '../support/waiting.ts';
import { client, stack, startElsewhere, temporal } from './site.ts';
import { soon } from './temporalCli.ts';

describe('from outside', () => {
  const runLine = z.looseObject({ run: z.string().nullable(), mode: z.string().nullable(), verdict: z.string().nullable() });
  const runs = async (name: string): Promise<z.output<typeof runLine>[]> =>
    z.array(runLine).parse(JSON.parse((await stack.call(['runs', name, '--json'])).stdout));
  const handleOf = (name: string) => client.workflow.getHandle(connectionId(name));
  const stateOf = (name: string) => handleOf(name).query(stateQuery);

  async function applied(name: string): Promise<string> {
    const { code, stderr } = await stack.call(['apply', '-f', stack.write(name)]);
    if (code !== 0) throw new Error(stderr);
    return name;
  }

  /** In the middle of a first full pull, which is slow until the work is done. Answers the run's number to it. */
  async function duringFull(name: string, work: (run: number) => Promise<void>): Promise<void> {
    await stack.simulator.addFaults([{ match: '/delta', fault: { kind: 'slow', bytesPerSecond: 4_000 } }]);
    try {
      await stack.call(['run', name]);
      await work(await soon('the run is under way', async () => (await stateOf(name)).current?.run ?? null));
    } finally {
      await stack.simulator.clearFaults();
    }
  }

  const reconciled = async (): Promise<void> => {
    await temporal('schedule', 'trigger', '-s', 'tidemark-reconcile');
  };

  test('1,000 signals in a burst: the history stays bounded, the state right, and what was asked for runs', async () => {
    const name = await applied('burst');
    const handle = handleOf(name);
    await soon('the entity is ready', async () => ((await stateOf(name)).profiles.length > 0 ? true : null));
    const begun = performance.now();
    const asked = { profile: 'default' };
    // Together more than the size from which Temporal wants a history renewed.
    const nonsense = 'x'.repeat(25_000);
    const kinds = [...['pause', 'resume', 'cancelRun', 'runNow'].map((kind) => [kind, asked] as const), ['nonsense', nonsense] as const];
    for (let sent = 0; sent < 1_000; sent += 100) {
      await Promise.all(Array.from({ length: 20 }, () => kinds.map(([kind, input]) => handle.signal(kind, input))).flat());
    }
    await handle.signal('resume');
    await handle.signal('runNow');
    // Each signal may cost a workflow task: on a busy machine these take minutes.
    const settled = await eventually('the entity is idle and has run', 240_000, async () => {
      const state = await stateOf(name);
      // One that has just continued as new has not read its row yet.
      const idle = state.current === null && state.state === 'processed' && state.profiles.length > 0;
      // What was asked for last may begin only now: the rows tell.
      return idle && (await runs(name)).every(({ verdict }) => verdict !== null) ? state : null;
    });
    process.stderr.write(`1,000 signals: taken and settled in ${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
    const lines = await runs(name);
    expect(lines.filter(({ verdict }) => verdict === 'complete')).not.toEqual([]);
    expect(settled.history[0]?.verdict).toBe('complete');
    expect((await handle.describe()).historySize).toBeLessThan(200 * nonsense.length);
  }, 360_000);

  test.each<[string, (name: string, run: number) => string[]]>([
    ['the entity', (name) => [`connection:${name}`]],
    ['the pull', (name, run) => [`pull:${name}:${run}`]],
    ['both', (name, run) => [`connection:${name}`, `pull:${name}:${run}`]],
  ])('%s terminated in the middle of a full pull: the run gets its verdict, and the next one completes', async (what, victims) => {
    const name = await applied(`terminated-${what.replace(' ', '-')}`);
    await duringFull(name, async (run) => {
      for (const victim of victims(name, run)) {
        expect((await temporal('workflow', 'terminate', '-w', victim, '--reason', 'by hand')).code).toBe(0);
      }
    });
    await reconciled();
    await soon('the run has a verdict', async () => ((await runs(name)).every(({ verdict }) => verdict !== null) ? true : null));
    const { code, stdout } = await stack.call(['run', name, '--wait', '--json']);
    expect({ code, verdict: z.looseObject({ verdict: z.string() }).parse(JSON.parse(stdout)).verdict }).toEqual({
      code: 0,
      verdict: 'complete',
    });
  });

  test('cancelling the entity cancels its run; it lives on', async () => {
    const name = await applied('cancelled');
    await duringFull(name, async () => {
      await temporal('workflow', 'cancel', '-w', `connection:${name}`);
      await soon('the run is cancelled', async () => ((await runs(name))[0]?.verdict === 'cancelled' ? true : null));
    });
    expect((await stack.call(['run', name, '--wait'])).code).toBe(0);
  });

  test('resetting the entity is harmless', async () => {
    const name = await applied('reset');
    expect((await stack.call(['run', name, '--wait'])).code).toBe(0);
    for (const type of ['LastWorkflowTask', 'FirstWorkflowTask']) {
      expect((await temporal('workflow', 'reset', '-w', `connection:${name}`, '--type', type, '--reason', 'by hand')).code).toBe(0);
      expect((await stack.call(['run', name, '--wait'])).code).toBe(0);
    }
    const lines = await runs(name);
    expect(lines.map(({ verdict }) => verdict)).toEqual(lines.map(() => 'complete'));
  });

  test('a namespace without our search attributes: all works', async () => {
    const bare = await startElsewhere('bare');
    try {
      const file = stack.write('bare');
      await soon('it is applied', async () => ((await bare.call(['apply', '--skip-test', '-f', file])).code === 0 ? true : null));
      // The worker has no right secret: the run fails, which shows as well.
      await soon('a run has ended', async () => ((await bare.call(['run', 'bare', '--wait'])).code === 4 ? true : null));
      expect((await bare.call(['status', 'bare', '--json'])).stdout).toContain('"errored"');
      expect((await bare.temporal('workflow', 'list', '-q', 'TidemarkState="errored"')).code).toBe(1);
      expect((await bare.temporal('workflow', 'query', '-w', 'connection:bare', '--type', 'state')).code).toBe(0);
    } finally {
      await bare.stop();
    }
  });
});
