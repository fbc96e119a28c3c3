// tidemark worker: the same as `node src/worker.ts`, in this process, so that its signals and its end are the worker's own.
interface WorkerOptions {
  readonly only?: 'control' | 'pull';
}

/** Never returns: the worker ends the process. */
export async function worker(options: WorkerOptions): Promise<void> {
  process.argv.splice(2, process.argv.length, ...(options.only === undefined ? [] : ['--only', options.only]));
  await import('../../worker.ts');
}
