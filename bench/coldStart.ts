// How long a verb of the command line takes that needs no server.
import { spawnSync } from 'node:child_process';
import { commandLine } from './support/installation.ts';
import { type Spread, spreadOf } from './support/statistics.ts';

const times = 7;
/** One that only shows its own words, and one that judges files before it asks any server (here there is none to judge). */
const verbs = [['--help'], ['apply', '-f', 'nowhere.yaml']];

/** Milliseconds from the start of the process to its end, of the slower verb. */
export function measureColdStart(): Spread {
  const [slowest] = verbs.map(measureVerb).sort((a, b) => b.median - a.median);
  if (slowest === undefined) throw new Error('There is no verb to measure.');
  return slowest;
}

function measureVerb(words: readonly string[]): Spread {
  const start = (): number => {
    const startedAt = performance.now();
    const { status } = spawnSync(process.execPath, [commandLine, ...words], { stdio: 'ignore' });
    if (status === null) throw new Error(`tidemark ${words.join(' ')} did not end.`);
    return performance.now() - startedAt;
  };
  // The first start reads the files from the disk: it does not count.
  start();
  return spreadOf(Array.from({ length: times }, start));
}
