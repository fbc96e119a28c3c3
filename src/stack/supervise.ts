// Keeps one process of our own running: started again when it dies, not when it is told to end.
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../log.ts';

/** The pause before the next try doubles up to the longest, and starts anew after a long enough life. */
const shortestPauseMs = 200;
const longestPauseMs = 10_000;
const longEnoughMs = 30_000;

export interface Supervised {
  /** The process that runs now; another one after it died. */
  pid(): number | undefined;
  /** SIGTERM, then SIGKILL after `graceMs`. May be called twice. */
  stop(graceMs: number): Promise<void>;
}

/** `start` answers a process that is ready. The first start's failure is thrown; later ones are logged and tried again. */
export async function supervise(of: {
  readonly what: string;
  readonly start: () => Promise<ChildProcess>;
  readonly logger: Logger;
}): Promise<Supervised> {
  const { what, start, logger } = of;
  let stopping = false;
  let child = await start();
  let exited = whenExited(child);

  const watch = async (): Promise<void> => {
    for (let pauseMs = shortestPauseMs; ;) {
      const startedAt = Date.now();
      const how = await exited;
      if (stopping) return;
      logger.warn(`${what} ended (${how}); starting it again.`);
      if (Date.now() - startedAt > longEnoughMs) pauseMs = shortestPauseMs;
      for (;;) {
        await sleep(pauseMs);
        pauseMs = Math.min(2 * pauseMs, longestPauseMs);
        if (stopping) return;
        try {
          child = await start();
          break;
        } catch (error) {
          logger.warn(`${what} did not start.`, { error });
        }
      }
      exited = whenExited(child);
      logger.info(`${what} runs again.`, { childPid: child.pid });
    }
  };
  const watched = watch();

  return {
    pid: () => child.pid,
    async stop(graceMs) {
      stopping = true;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await Promise.all([exited, watched]);
      clearTimeout(timer);
      // It was starting when it was told to stop.
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    },
  };
}

function whenExited(child: ChildProcess): Promise<string> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.signalCode ?? `exit ${child.exitCode}`);
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? `exit ${code}`)));
}
