// `tidemark test` and `apply`, which tests before it activates: on a whole stack with the simulated tenant.
import { z } from 'zod';
import { stack } from './stack.ts';

/** As contract.md has it: no key more, none less. */
const check = z.strictObject({
  check: z.enum(['network', 'tls', 'credentials', 'data']),
  outcome: z.enum(['passed', 'failed', 'skipped']),
  ms: z.int().nonnegative(),
  contacted: z.string().nullable(),
  cause: z.string().nullable(),
  fix: z.string().nullable(),
});
const permissions = check.extend({ check: z.literal('permissions'), missing: z.array(z.string()), excess: z.array(z.string()) });
const answer = z.strictObject({ connection: z.string(), ok: z.boolean(), checks: z.array(z.union([check, permissions])).length(5) });

const tested = async (name: string, code: number): Promise<z.output<typeof answer>> => {
  const ended = await stack.call(['test', name, '--json']);
  expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code, stderr: '' });
  return answer.parse(JSON.parse(ended.stdout));
};

export function testVerb(): void {
  test('a connection that works passes the five checks, in order', async () => {
    await stack.call(['apply', '-f', stack.write('works')]);
    const { connection, ok, checks } = await tested('works', 0);
    expect({ connection, ok }).toEqual({ connection: 'works', ok: true });
    expect(checks.map(({ check: name, outcome }) => `${name} ${outcome}`)).toEqual([
      'network passed',
      'tls passed',
      'credentials passed',
      'permissions passed',
      'data passed',
    ]);
  });

  test('people read a table, then cause and fix; exit 1', async () => {
    await stack.call(['apply', '--skip-test', '-f', stack.write('wrong', { secret: 'env:TIDEMARK_SECRET_WRONG' })]);
    const { code, stdout, stderr } = await stack.call(['test', 'wrong']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout.replaceAll(/ +\d+( {2,}|$)/gm, ' MS$1').replaceAll(/\d{4,5}(?=\s|,)/g, 'PORT')).toMatch(
      /^check +outcome +ms +contacted\nnetwork +passed +MS +localhost:PORT\ntls +passed +MS +localhost:PORT\ncredentials +failed +MS +localhost:PORT\npermissions +skipped +MS\ndata +skipped +MS\ncredentials: The client secret is wrong\. \(AADSTS7000215\)\n {2}fix: Use the secret's value, not its ID/,
    );
    expect(stdout).not.toContain('not-the-secret');
  });

  const applied = z.array(
    z.strictObject({
      kind: z.literal('connection'),
      name: z.string(),
      change: z.enum(['created', 'changed', 'unchanged', 'refused']),
      file: z.string(),
      check: z.string().optional(),
      cause: z.string().optional(),
      fix: z.string().optional(),
    }),
  );
  const apply = async (files: readonly string[], code: number) => {
    const ended = await stack.call(['apply', '-f', ...files, '--json']);
    expect(ended.code).toBe(code);
    return { rows: applied.parse(JSON.parse(ended.stdout)), stderr: ended.stderr };
  };

  describe('apply tests before it activates', () => {
    const nobody = '00000000-1111-4222-8333-444444444444';

    test('a new connection that fails is refused: nothing of it is written', async () => {
      const file = stack.write('refused', { tenantId: nobody });
      const { rows, stderr } = await apply([file], 1);
      expect(rows).toEqual([
        {
          kind: 'connection',
          name: 'refused',
          change: 'refused',
          file,
          check: 'credentials',
          cause: 'The tenant does not exist in this cloud. (AADSTS90002)',
          fix: 'Check tenantId and cloud.',
        },
      ]);
      expect(stderr).toBe(
        'refused: refused, its test failed.\ncredentials: The tenant does not exist in this cloud. (AADSTS90002)\n  fix: Check tenantId and cloud.\n',
      );
      expect((await stack.call(['get', 'refused'])).code).toBe(2);
    });

    test('a changed one that fails keeps its old configuration; --skip-test takes it as it is', async () => {
      await apply([stack.write('kept')], 0);
      const file = stack.write('kept', { clientId: nobody });
      expect((await apply([file], 1)).rows).toMatchObject([{ name: 'kept', change: 'refused', check: 'credentials' }]);
      const stored = async () => (await stack.call(['get', 'kept', '--json'])).stdout.includes(nobody);
      expect(await stored()).toBe(false);
      expect((await tested('kept', 0)).ok).toBe(true);
      expect((await stack.call(['apply', '--skip-test', '-f', file])).code).toBe(0);
      expect(await stored()).toBe(true);
      expect((await tested('kept', 1)).checks[2]).toMatchObject({ outcome: 'failed', cause: expect.stringContaining('AADSTS700016') });
    });

    test('of several files each is judged by its own test, in order', async () => {
      const files = [stack.write('one'), stack.write('two', { secret: 'env:TIDEMARK_SECRET_MISSING' }), stack.write('three')];
      const { rows } = await apply(files, 1);
      expect(rows.map(({ name, change }) => `${name} ${change}`)).toEqual(['one created', 'two refused', 'three created']);
      expect(rows[1]).toMatchObject({ check: 'credentials', cause: expect.stringContaining('env:TIDEMARK_SECRET_MISSING') });
    });

    test('what has not changed is not tested, nor is a dry run', async () => {
      await apply([stack.write('still')], 0);
      await stack.simulator.resetRequests();
      expect((await apply(['still.yaml'], 0)).rows).toMatchObject([{ change: 'unchanged' }]);
      expect((await stack.call(['apply', '--dry-run', '-f', stack.write('still', { tenantId: nobody })])).code).toBe(0);
      expect(await stack.simulator.requests()).toEqual([]);
    });
  });

  test('a test that takes longer than two seconds says so on stderr, and answers within ten', async () => {
    await apply([stack.write('slow')], 0);
    await stack.simulator.addFaults([{ phase: 'token', fault: { kind: 'hang' } }]);
    try {
      const { code, stdout, stderr } = await stack.call(['test', 'slow', '--json']);
      expect({ code, stderr }).toEqual({ code: 1, stderr: 'slow: testing; this takes up to ten seconds\n' });
      const { checks } = answer.parse(JSON.parse(stdout));
      expect(checks[2]).toMatchObject({ outcome: 'failed', cause: 'The login does not answer in time.' });
      expect(checks.reduce((sum, { ms }) => sum + ms, 0)).toBeLessThan(10_000);
    } finally {
      await stack.simulator.clearFaults();
    }
  });

  test('a name that does not exist is wrong usage', async () => {
    const { code, stderr } = await stack.call(['test', 'nobody']);
    expect(code).toBe(2);
    expect(stderr).toContain('There is no connection "nobody".');
  });
}
