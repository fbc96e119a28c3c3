// A file that is there whole, or as it was: written beside its place, on the disk before it has its name.
import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

/** Ends the name of what is not in its place yet, or was left behind by an attempt that was killed. */
export const partialEnd = '.partial';

export const partialOf = (target: string): string => `${target}.${randomUUID()}${partialEnd}`;

/** Puts a file in the place of whatever is there. @throws what the file system does; then nothing has changed. */
export async function writeWhole(target: string, content: string | AsyncIterable<string>, mode: number): Promise<void> {
  const beside = partialOf(target);
  try {
    const file = await open(beside, 'wx', mode);
    try {
      if (typeof content === 'string') await file.writeFile(content);
      else for await (const part of content) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, target);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
