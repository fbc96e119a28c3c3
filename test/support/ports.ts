// Ports of servers that tests kill and start again where they were.
import { randomInt } from 'node:crypto';
import { isFree } from '../../src/stack/ports.ts';

/** Below those that systems give to whoever asks for any: nobody gets it while its server is away. */
const below = { from: 20_000, to: 30_000 } as const;

export async function keptPort(): Promise<number> {
  for (;;) {
    const port = randomInt(below.from, below.to);
    if (await isFree(port)) return port;
  }
}
