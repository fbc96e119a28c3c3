// Reads a small regular file: no pipe is waited for, no device read, and never more than a secret's size.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** Of any secret, wherever it is. */
export const maxBytes = 64 * 1024;

/**
 * The text, or null when it is no regular file or too large. Unless links are followed, one put in its place is not.
 * @throws what opening throws.
 */
export async function readRegular(file: string, { followLinks = false }: { readonly followLinks?: boolean } = {}): Promise<string | null> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK | (followLinks ? 0 : constants.O_NOFOLLOW));
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > maxBytes) return null;
    const buffer = Buffer.alloc(maxBytes + 1);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    return bytesRead > maxBytes ? null : buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
