// tidemark worker: the same as `node src/worker.ts`, in this process, so that its signals and its end are the worker's own.
import type { Context } from '../context.ts';

interface WorkerOptions {
  readonly only?: 'control' | 'pull';
}

/** Returns when the worker has drained. */
export async function worker(context: Context, options: WorkerOptions): Promise<void> {
  const { runWorker } = await import('../../worker.ts');
  await runWorker(await context.config(), options.only);
}
