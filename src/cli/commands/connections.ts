// Verbs about connections and their runs.
import type { CommonOptions } from '../program.ts';
import type { FulfilWords } from '../verbs/fulfil.ts';
import { type Group, limitOption } from './group.ts';

export const connections: Group = ({ verb, run }) => {
  verb('apply', 'create or change connections, tags, maps and identification rules from YAML or JSON files')
    .requiredOption('-f, --file <path...>', 'a file, or a directory of *.yaml, *.yml and *.json files')
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--skip-test', 'without Test Connection, and so without a worker')
    .action((options: CommonOptions & { file: string[]; dryRun?: true; skipTest?: true }) =>
      run(options, async (context) => (await import('../verbs/apply.ts')).apply(context, options)),
    );

  verb('get [name]', 'connections and their states').action((name: string | undefined, options: CommonOptions) =>
    run(options, async (context) => (await import('../verbs/get.ts')).get(context, name)),
  );

  verb('delete <name>', 'delete a connection; its inventory stays')
    .option('--purge', 'erase its inventory, runs and logs too')
    .action((name: string, options: CommonOptions & { purge?: true }) =>
      run(options, async (context) => (await import('../verbs/delete.ts')).deleteVerb(context, name, options)),
    );

  verb('pause <name>', 'stop a connection after the page under way, until it is resumed')
    .option('--reason <text>', 'kept with the connection')
    .action((name: string, options: CommonOptions & { reason?: string }) =>
      run(options, async (context) => (await import('../verbs/pause.ts')).pause(context, name, options)),
    );

  verb('resume <name>', 'let a paused connection go on').action((name: string, options: CommonOptions) =>
    run(options, async (context) => (await import('../verbs/resume.ts')).resume(context, name)),
  );

  verb('test <name>', 'test a connection: five checks, each with cause and fix').action((name: string, options: CommonOptions) =>
    run(options, async (context) => (await import('../verbs/test.ts')).test(context, name)),
  );

  verb('run <name>', 'run a connection now')
    .option('--profile <name>', 'this profile; otherwise every active one')
    .option('--full', 'a full pull, whatever would be due')
    .option('--wait', 'until it has ended: progress on stderr, the report on stdout')
    .action((name: string, options: CommonOptions & { profile?: string; full?: true; wait?: true }) =>
      run(options, async (context) => (await import('../verbs/run.ts')).runVerb(context, name, options)),
    );

  verb('export <name>', 'run an Identity Manager connection and write its CSV files')
    .requiredOption('--to <directory>', 'where the files go; cookies go to ExportCookies in it')
    .option('--ignore-cookies', 'a full pull and a complete set, whatever was written before')
    .action((name: string, options: CommonOptions & { to: string; ignoreCookies?: true }) =>
      run(options, async (context) => (await import('../verbs/export.ts')).exportVerb(context, name, options)),
    );

  verb('status [name]', 'what connections are doing now').action((name: string | undefined, options: CommonOptions) =>
    run(options, async (context) => (await import('../verbs/status.ts')).status(context, name)),
  );

  verb('runs <name>', 'the history of a connection, newest first, with occurrences that did not run')
    .addOption(limitOption('runs'))
    .action((name: string, options: CommonOptions & { limit: number }) =>
      run(options, async (context) => (await import('../verbs/runs.ts')).runs(context, name, options)),
    );

  verb('run-report <run>', 'the report of one run, NAME:N').action((text: string, options: CommonOptions) =>
    run(options, async (context) => (await import('../verbs/runReport.ts')).runReport(context, text)),
  );

  verb('logs <name>', 'the log lines of a connection, oldest first')
    .option('--run <run>', 'only those of this run: N or NAME:N')
    .addOption(limitOption('lines, the newest'))
    .action((name: string, options: CommonOptions & { run?: string; limit: number }) =>
      run(options, async (context) => (await import('../verbs/logs.ts')).logs(context, name, options)),
    );

  verb('cancel <run>', 'stop a run, NAME:N, after the page under way').action((text: string, options: CommonOptions) =>
    run(options, async (context) => (await import('../verbs/cancel.ts')).cancel(context, text)),
  );

  verb('removals <name>', 'the removals that the guard holds, and their digest')
    .addOption(limitOption('removals'))
    .action((name: string, options: CommonOptions & { limit: number }) =>
      run(options, async (context) => (await import('../verbs/removals.ts')).removals(context, name, options)),
    );

  verb('approve <name>', 'remove what the guard holds')
    .requiredOption('--digest <digest>', 'of the held removals: no others are removed')
    .option('--wait', 'until it is done: the report on stdout')
    .action((name: string, options: CommonOptions & { digest: string; wait?: true }) =>
      run(options, async (context) => (await import('../verbs/approve.ts')).approve(context, name, options)),
    );

  verb('reject <name>', 'keep what the guard holds; the next complete full pull asks again')
    .requiredOption('--digest <digest>', 'of the held removals')
    .action((name: string, options: CommonOptions & { digest: string }) =>
      run(options, async (context) => (await import('../verbs/reject.ts')).reject(context, name, options)),
    );

  const orders = verb('fulfil', 'write orders to the directory; fulfil status shows how far it is')
    .argument('<name>', 'a connection of identity-manager')
    // Required: a required option of Commander's would be asked of "fulfil status" too.
    .option('-f, --file <path>', "the orders: NDJSON, or Identity Manager's ProvisioningOrdersList")
    .option('--dry-run', 'show method, path and body of each request, and send none')
    .option('--no-wait', 'until the workflow has begun; otherwise until all orders have ended')
    .action((name: string, options: CommonOptions & FulfilWords) =>
      run(options, async (context) => (await import('../verbs/fulfil.ts')).fulfil(context, name, options)),
    );
  verb('status [name]', 'the last files of orders, and what became of them', orders).action(
    (name: string | undefined, options: CommonOptions) =>
      run(options, async (context) => (await import('../verbs/fulfil.ts')).fulfilStatus(context, name)),
  );
};
