// TIDEMARK_HOME/stack.json: the addresses of the stack that `up` started, where every verb finds them (contract "Commands").
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { TidemarkError } from '../errors.ts';

const stackFileSchema = z.strictObject({
  temporalAddress: z.string(),
  namespace: z.string(),
  /** null when the Temporal server is not ours: its UI is then unknown. */
  uiAddress: z.string().nullable(),
  databaseUrl: z.string(),
  /** The simulated Microsoft cloud, when the stack was started with one. */
  simulator: z
    .strictObject({
      origin: z.string(),
      /** Of Azure, and the hosts of its container registries. Absent in what earlier releases wrote. */
      managementOrigin: z.string().optional(),
      registries: z.array(z.string()).optional(),
      tenantId: z.string(),
      clientId: z.string(),
      caFile: z.string(),
    })
    .nullable()
    .default(null),
});

export type StackFile = z.infer<typeof stackFileSchema>;

const stackFilePath = (home: string): string => path.join(home, 'stack.json');

/**
 * What `up` left in this home, or null when it never ran there.
 * @throws CONFIG_INVALID when the file cannot be read as a stack file.
 */
export function readStackFile(home: string): StackFile | null {
  const file = stackFilePath(home);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return null;
  }
  try {
    return stackFileSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new TidemarkError('CONFIG_INVALID', `${file} is not a stack file of Tidemark.`, {
      hint: 'Remove it and run "tidemark up" again, or set TEMPORAL_ADDRESS and TIDEMARK_DATABASE_URL.',
      cause: error,
    });
  }
}

/** Replaces the file in one step, so that a reader sees the old or the new addresses. */
export function writeStackFile(home: string, stack: StackFile): void {
  const file = stackFilePath(home);
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
  renameSync(fresh, file);
}

/** Removes the addresses, when nothing of the stack runs any more. May be called twice. */
export function removeStackFile(home: string): void {
  rmSync(stackFilePath(home), { force: true });
}
