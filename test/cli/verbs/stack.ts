// The one stack on which the suites of verbs call the command line, one suite after another.
import { z } from 'zod';
import { type CliStack, startCliStack } from '../stack.ts';

export let stack: CliStack;

export async function openStack(): Promise<void> {
  const env = { TIDEMARK_SECRET_WRONG: 'not-the-secret', TIDEMARK_SECRET_FIRST: 'CANARY-pass-Word-1' };
  stack = await startCliStack({ shared: 'all', worker: true, env });
}

const named = z.array(z.object({ name: z.string() }));

/** So that the next suite finds no connection, nothing that was pulled, and no secret. The tenant stays as it was changed. */
export async function eraseAll(): Promise<void> {
  const names = async (...words: string[]): Promise<string[]> =>
    named.parse(JSON.parse((await stack.call([...words, '--json'])).stdout)).map(({ name }) => name);
  const erase = async (...words: string[]): Promise<void> => expect(await stack.call(words)).toMatchObject({ code: 0 });
  for (const name of await names('get')) await erase('delete', name, '--purge');
  for (const name of await names('secret', 'list')) await erase('secret', 'rm', name);
}
