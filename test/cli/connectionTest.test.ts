// `tidemark test` and `apply`, which tests before it activates: on a whole stack with the simulated tenant.
import { z } from 'zod';
import { type CliStack, startCliStack } from './stack.ts';

let stack: CliStack;
beforeAll(async () => {
  stack = await startCliStack({ worker: true, env: { TIDEMARK_SECRET_WRONG: 'not-the-secret-at-all' } });
}, 120_000);
afterAll(() => stack?.stop(), 60_000);

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
