// Waiting for what happens elsewhere: looked for again and again until a deadline, never by a fixed sleep.
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What `look` answers once it is neither null nor false; what it throws meanwhile counts as not yet. Where a look is a process, `everyMs` spares them.
 * @throws naming what did not happen, with the last failure as its cause.
 */
export async function eventually<T>(what: string, timeoutMs: number, look: () => Promise<T | null> | T | null, everyMs = 50): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let last: unknown = undefined; ;) {
    try {
      const seen = await look();
      if (seen !== null && seen !== false) return seen;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`Not within ${timeoutMs} ms: ${what}.`, { cause: last });
    await sleep(everyMs);
  }
}
