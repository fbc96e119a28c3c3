// Verbs about the programs: the embedded stack, workers, the demo, checks.
import { Option } from 'commander';
import type { CommonOptions } from '../program.ts';
import type { CodecOptions } from '../verbs/codec.ts';
import { count, type Group } from './group.ts';

const sizeOption = (): Option => new Option('--size <users>', 'users of the simulated tenant').argParser(count).default(2000);

export const stack: Group = ({ verb, run }) => {
  verb('up', 'start Temporal, the embedded PostgreSQL and a worker here, until Ctrl-C')
    .option('--no-worker', 'without a worker')
    .option('--simulator', 'with the simulated Microsoft cloud')
    .addOption(sizeOption())
    .action((options: CommonOptions & { worker: boolean; simulator?: true; size: number }) =>
      run(options, async (context) => (await import('../verbs/up.ts')).up(context, options)),
    );

  verb('worker', 'run a worker; it drains on SIGTERM')
    .addOption(new Option('--only <queue>', 'serve one of the two task queues').choices(['control', 'pull']))
    .action((options: CommonOptions & { only?: 'control' | 'pull' }) =>
      run(options, async (context) => (await import('../verbs/worker.ts')).worker(context, options)),
    );

  verb('demo', 'everything on this machine: a stack, a simulated tenant, a connection of every connector pulled, a summary')
    .option('--once', 'end after the summary')
    .addOption(sizeOption())
    .action((options: CommonOptions & { once?: true; size: number }) =>
      run(options, async (context) => (await import('../verbs/demo.ts')).demo(context, options)),
    );

  verb('doctor', 'check the installation: each check, ok or the fix').action((options: CommonOptions) =>
    run(options, async (context) => (await import('../verbs/doctor.ts')).doctor(context)),
  );

  verb('codec', 'decode encrypted payloads for Temporal’s UI and command line, on loopback, until Ctrl-C')
    .addOption(new Option('--port <port>', 'where it listens').argParser(count).default(8081))
    .option('--origin <origin...>', 'the origin of a Temporal UI whose pages may ask', [])
    .action((options: CommonOptions & CodecOptions) =>
      run(options, async (context) => (await import('../verbs/codec.ts')).codec(context, options)),
    );
};
