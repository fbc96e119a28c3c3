// The verbs: their words, arguments and options. The work of each is in its own file, imported only when it is called.
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Writable } from 'node:stream';
import { findingStatuses } from '../model.ts';
import { packageVersion } from '../stack/version.ts';
import { type ExchangeFormat, exchangeFormats, type Format, formats } from './output.ts';
import type { CommonOptions, Work } from './program.ts';
import type { AssetsOptions } from './verbs/assets.ts';
import type { ChangesOptions } from './verbs/changes.ts';
import type { CodecOptions } from './verbs/codec.ts';
import type { FindingsOptions } from './verbs/findings.ts';
import type { FulfilWords } from './verbs/fulfil.ts';
import type { EncryptOptions } from './verbs/secretEncrypt.ts';

type Run = (options: CommonOptions, work: Work) => Promise<void>;

const count = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return value;
};

const limitOption = (what: string): Option => new Option('--limit <count>', `at most so many ${what}`).argParser(count).default(100);

const sizeOption = (): Option => new Option('--size <users>', 'users of the simulated tenant').argParser(count).default(2000);

/** `classes` are those that the help of `assets` names; they are not needed for anything else. */
export function commands(run: Run, streams: { readonly stdout: Writable; readonly stderr: Writable }, classes: readonly string[]): Command {
  const program = new Command('tidemark')
    .description('Keeps an inventory in step with Microsoft Entra ID: every connection a durable Temporal workflow.')
    .version(packageVersion(), '--version', 'print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void streams.stdout.write(text),
      // Help asked for goes to stdout; what is wrong is printed by the program.
      writeErr: () => undefined,
      outputError: () => undefined,
    })
    .showSuggestionAfterError()
    .helpCommand(false)
    .enablePositionalOptions();

  const verb = (words: string, description: string, of: Command = program, printed: readonly string[] = formats): Command =>
    of
      .command(words)
      .description(description)
      .addOption(new Option('-o, --output <format>', 'how data is printed on stdout').choices(printed).default('table'))
      .option('--json', 'the same as --output json')
      .allowExcessArguments(false);

  verb('up', 'start Temporal, the embedded PostgreSQL and a worker here, until Ctrl-C')
    .option('--no-worker', 'without a worker')
    .option('--simulator', 'with the simulated Microsoft cloud')
    .addOption(sizeOption())
    .action((options: CommonOptions & { worker: boolean; simulator?: true; size: number }) =>
      run(options, async (context) => (await import('./verbs/up.ts')).up(context, options)),
    );

  verb('worker', 'run a worker; it drains on SIGTERM')
    .addOption(new Option('--only <queue>', 'serve one of the two task queues').choices(['control', 'pull']))
    .action((options: CommonOptions & { only?: 'control' | 'pull' }) =>
      run(options, async (context) => (await import('./verbs/worker.ts')).worker(context, options)),
    );

  verb('demo', 'everything on this machine: a stack, a simulated tenant, a connection of every connector pulled, a summary')
    .option('--once', 'end after the summary')
    .addOption(sizeOption())
    .action((options: CommonOptions & { once?: true; size: number }) =>
      run(options, async (context) => (await import('./verbs/demo.ts')).demo(context, options)),
    );

  verb('doctor', 'check the installation: each check, ok or the fix').action((options: CommonOptions) =>
    run(options, async (context) => (await import('./verbs/doctor.ts')).doctor(context)),
  );

  verb('codec', 'decode encrypted payloads for Temporal’s UI and command line, on loopback, until Ctrl-C')
    .addOption(new Option('--port <port>', 'where it listens').argParser(count).default(8081))
    .option('--origin <origin...>', 'the origin of a Temporal UI whose pages may ask', [])
    .action((options: CommonOptions & CodecOptions) =>
      run(options, async (context) => (await import('./verbs/codec.ts')).codec(context, options)),
    );

  verb('apply', 'create or change connections, tags, maps and identification rules from YAML or JSON files')
    .requiredOption('-f, --file <path...>', 'a file, or a directory of *.yaml, *.yml and *.json files')
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--skip-test', 'without Test Connection, and so without a worker')
    .action((options: CommonOptions & { file: string[]; dryRun?: true; skipTest?: true }) =>
      run(options, async (context) => (await import('./verbs/apply.ts')).apply(context, options)),
    );

  verb('get [name]', 'connections and their states').action((name: string | undefined, options: CommonOptions) =>
    run(options, async (context) => (await import('./verbs/get.ts')).get(context, name)),
  );

  verb('delete <name>', 'delete a connection; its inventory stays')
    .option('--purge', 'erase its inventory, runs and logs too')
    .action((name: string, options: CommonOptions & { purge?: true }) =>
      run(options, async (context) => (await import('./verbs/delete.ts')).deleteVerb(context, name, options)),
    );

  verb('pause <name>', 'stop a connection after the page under way, until it is resumed')
    .option('--reason <text>', 'kept with the connection')
    .action((name: string, options: CommonOptions & { reason?: string }) =>
      run(options, async (context) => (await import('./verbs/pause.ts')).pause(context, name, options)),
    );

  verb('resume <name>', 'let a paused connection go on').action((name: string, options: CommonOptions) =>
    run(options, async (context) => (await import('./verbs/resume.ts')).resume(context, name)),
  );

  verb('test <name>', 'test a connection: five checks, each with cause and fix').action((name: string, options: CommonOptions) =>
    run(options, async (context) => (await import('./verbs/test.ts')).test(context, name)),
  );

  verb('run <name>', 'run a connection now')
    .option('--profile <name>', 'this profile; otherwise every active one')
    .option('--full', 'a full pull, whatever would be due')
    .option('--wait', 'until it has ended: progress on stderr, the report on stdout')
    .action((name: string, options: CommonOptions & { profile?: string; full?: true; wait?: true }) =>
      run(options, async (context) => (await import('./verbs/run.ts')).runVerb(context, name, options)),
    );

  verb('export <name>', 'run an Identity Manager connection and write its CSV files')
    .requiredOption('--to <directory>', 'where the files go; cookies go to ExportCookies in it')
    .option('--ignore-cookies', 'a full pull and a complete set, whatever was written before')
    .action((name: string, options: CommonOptions & { to: string; ignoreCookies?: true }) =>
      run(options, async (context) => (await import('./verbs/export.ts')).exportVerb(context, name, options)),
    );

  verb('status [name]', 'what connections are doing now').action((name: string | undefined, options: CommonOptions) =>
    run(options, async (context) => (await import('./verbs/status.ts')).status(context, name)),
  );

  verb('runs <name>', 'the history of a connection, newest first, with occurrences that did not run')
    .addOption(limitOption('runs'))
    .action((name: string, options: CommonOptions & { limit: number }) =>
      run(options, async (context) => (await import('./verbs/runs.ts')).runs(context, name, options)),
    );

  verb('run-report <run>', 'the report of one run, NAME:N').action((text: string, options: CommonOptions) =>
    run(options, async (context) => (await import('./verbs/runReport.ts')).runReport(context, text)),
  );

  verb('logs <name>', 'the log lines of a connection, oldest first')
    .option('--run <run>', 'only those of this run: N or NAME:N')
    .addOption(limitOption('lines, the newest'))
    .action((name: string, options: CommonOptions & { run?: string; limit: number }) =>
      run(options, async (context) => (await import('./verbs/logs.ts')).logs(context, name, options)),
    );

  verb('removals <name>', 'the removals that the guard holds, and their digest')
    .addOption(limitOption('removals'))
    .action((name: string, options: CommonOptions & { limit: number }) =>
      run(options, async (context) => (await import('./verbs/removals.ts')).removals(context, name, options)),
    );

  verb('approve <name>', 'remove what the guard holds')
    .requiredOption('--digest <digest>', 'of the held removals: no others are removed')
    .option('--wait', 'until it is done: the report on stdout')
    .action((name: string, options: CommonOptions & { digest: string; wait?: true }) =>
      run(options, async (context) => (await import('./verbs/approve.ts')).approve(context, name, options)),
    );

  verb('reject <name>', 'keep what the guard holds; the next complete full pull asks again')
    .requiredOption('--digest <digest>', 'of the held removals')
    .action((name: string, options: CommonOptions & { digest: string }) =>
      run(options, async (context) => (await import('./verbs/reject.ts')).reject(context, name, options)),
    );

  const known = verb('assets', 'search the inventory; assets explain shows one')
    .argument('[query]')
    .option('--connection <name>', 'only those of this connection')
    .option('--class <class>', `only those of this class: ${classes.join(', ')}`)
    .addOption(
      new Option('--state <state>', 'live ones, those that their connection leaves out, or those that are gone').choices([
        'live',
        'excluded',
        'tombstoned',
      ]),
    )
    .addOption(limitOption('assets'))
    .action((query: string | undefined, options: CommonOptions & AssetsOptions) =>
      run(options, async (context) => (await import('./verbs/assets.ts')).assets(context, query, options)),
    );
  verb(
    'explain <id>',
    'one asset: its score with what it is made of, its open findings, and which assets of other connections are one with it',
    known,
  )
    .option('--connection <name>', 'of this connection, where several have it')
    .action((id: string, options: CommonOptions & { connection?: string }) =>
      run(options, async (context) => (await import('./verbs/assetsExplain.ts')).assetsExplain(context, id, options)),
    );

  const found = verb('findings', 'search what was found on assets; findings explain shows one', program, [...formats, ...exchangeFormats])
    .argument('[query]')
    .option('--connection <name>', 'only those of this connection')
    .option('--class <class>', 'only those of this class: vulnerability, misconfiguration')
    .addOption(new Option('--status <status>', 'these; otherwise open ones').choices(findingStatuses))
    .addOption(limitOption('findings'))
    .action((query: string | undefined, { output, ...options }: FindingsWords) => {
      // Both are JSON: so are errors beside them.
      const of = isExchange(output) ? ({ format: 'json', as: { as: output } } as const) : { format: output, as: {} };
      return run({ ...options, output: of.format }, async (context) =>
        (await import('./verbs/findings.ts')).findings(context, query, { ...options, ...of.as }),
      );
    });
  verb('explain <id>', 'one finding: what its numbers are made of, and which records tell it', found)
    .option('--connection <name>', 'of this connection, where several have it')
    .action((id: string, options: CommonOptions & { connection?: string }) =>
      run(options, async (context) => (await import('./verbs/findingsExplain.ts')).findingsExplain(context, id, options)),
    );

  verb('changes [query]', 'what runs changed: documents added, changed by path, removed')
    .option('--since <run|time>', 'after this run, N or NAME:N, or since this time: 2026-05-01, now-7d')
    .option('--connection <name>', 'only those of this connection')
    .option('--class <class>', 'only those of this class')
    .addOption(limitOption('documents, each counted for every run that changed it'))
    .action((query: string | undefined, options: CommonOptions & ChangesOptions) =>
      run(options, async (context) => (await import('./verbs/changes.ts')).changes(context, query, options)),
    );

  const orders = verb('fulfil', 'write orders to the directory; fulfil status shows how far it is')
    .argument('<name>', 'a connection of identity-manager')
    // Required: a required option of Commander's would be asked of "fulfil status" too.
    .option('-f, --file <path>', "the orders: NDJSON, or Identity Manager's ProvisioningOrdersList")
    .option('--dry-run', 'show method, path and body of each request, and send none')
    .option('--no-wait', 'until the workflow has begun; otherwise until all orders have ended')
    .action((name: string, options: CommonOptions & FulfilWords) =>
      run(options, async (context) => (await import('./verbs/fulfil.ts')).fulfil(context, name, options)),
    );
  verb('status [name]', 'the last files of orders, and what became of them', orders).action(
    (name: string | undefined, options: CommonOptions) =>
      run(options, async (context) => (await import('./verbs/fulfil.ts')).fulfilStatus(context, name)),
  );

  const connectors = program.command('connectors').description('what can be pulled: list, show').helpCommand(false);
  verb('list', 'the connectors of this version', connectors).action((options: CommonOptions) =>
    run(options, async (context) => (await import('./verbs/connectors.ts')).connectorsList(context)),
  );
  verb('show <name>', 'one connector: streams, permissions, settings, and what is not supported', connectors).action(
    (name: string, options: CommonOptions) =>
      run(options, async (context) => (await import('./verbs/connectors.ts')).connectorsShow(context, name)),
  );

  const tags = program.command('tags').description('named queries over documents: list, show, apply, rm').helpCommand(false);
  verb('list', 'the tags, with the connections that use them', tags).action((options: CommonOptions) =>
    run(options, async (context) => (await import('./verbs/tags.ts')).tagsList(context)),
  );
  verb('show <name>', 'one tag', tags).action((name: string, options: CommonOptions) =>
    run(options, async (context) => (await import('./verbs/tags.ts')).tagsShow(context, name)),
  );
  verb('apply', 'create or change tags from YAML or JSON files', tags)
    .requiredOption('-f, --file <path...>', 'a file, or a directory of *.yaml, *.yml and *.json files')
    .action((options: CommonOptions & { file: string[] }) =>
      run(options, async (context) => (await import('./verbs/tags.ts')).tagsApply(context, options)),
    );
  verb('rm <name>', 'forget a tag that no connection uses', tags).action((name: string, options: CommonOptions) =>
    run(options, async (context) => (await import('./verbs/tags.ts')).tagsRm(context, name)),
  );

  verb('identification-rules', 'by which rules assets of different connections are one, in their order').action((options: CommonOptions) =>
    run(options, async (context) => (await import('./verbs/identificationRules.ts')).identificationRules(context)),
  );

  const maps = program.command('maps').description('transform maps: list, show, clone, preview, diff, apply, rm').helpCommand(false);
  verb('list', 'the transform maps', maps).action((options: CommonOptions) =>
    run(options, async (context) => (await import('./verbs/maps.ts')).mapsList(context)),
  );
  verb('show <name>', 'one transform map, as its file', maps).action((name: string, options: CommonOptions) =>
    run(options, async (context) => (await import('./verbs/maps.ts')).mapsShow(context, name)),
  );
  verb('clone <name> <as>', 'the file of a map of your own, to be changed, previewed and applied', maps).action(
    (name: string, as: string, options: CommonOptions) =>
      run(options, async (context) => (await import('./verbs/maps.ts')).mapsClone(context, name, as)),
  );
  for (const [name, does, act] of [
    ['apply', 'stores maps of your own; connections that use a changed one map their records again', 'mapsApply'],
    ['diff', 'what applying would change; changes nothing', 'mapsDiff'],
  ] as const) {
    verb(name, does, maps)
      .requiredOption('-f, --file <path...>', 'a file, or a directory of *.yaml, *.yml and *.json files')
      .action((options: CommonOptions & { file: string[] }) =>
        run(options, async (context) => (await import('./verbs/mapsChange.ts'))[act](context, options)),
      );
  }
  verb('rm <name>', 'removes a map of your own that no connection uses', maps).action((name: string, options: CommonOptions) =>
    run(options, async (context) => (await import('./verbs/mapsChange.ts')).mapsRm(context, name)),
  );
  verb('preview', 'what a map makes of stored records, and what that changes; writes nothing', maps)
    .requiredOption('-f, --file <path>', 'the file of the map, or - for standard input')
    .requiredOption('--connection <name>', 'whose records are mapped')
    .addOption(new Option('--limit <count>', 'at most so many records').argParser(count).default(10))
    .action((options: CommonOptions & { file: string; connection: string; limit: number }) =>
      run(options, async (context) => (await import('./verbs/mapsPreview.ts')).mapsPreview(context, options)),
    );

  const models = program.command('models').description('the data models that maps read and fill: list, show').helpCommand(false);
  verb('list', 'the source models of the streams, and the target models', models).action((options: CommonOptions) =>
    run(options, async (context) => (await import('./verbs/models.ts')).modelsList(context)),
  );
  verb('show <name>', 'one data model: its fields with their types', models).action((name: string, options: CommonOptions) =>
    run(options, async (context) => (await import('./verbs/models.ts')).modelsShow(context, name)),
  );

  const secret = program
    .command('secret')
    .description('secrets that Tidemark keeps: set, list, rm; and encrypted files: encrypt')
    .helpCommand(false);
  verb('set <name>', 'keep a secret: its value is asked for, or read from standard input', secret)
    .option('-f, --file <path...>', 'the file of the connection that uses it; needed before that is applied')
    .action((name: string, options: CommonOptions & { file?: string[] }) =>
      run(options, async (context) => (await import('./verbs/secretSet.ts')).secretSet(context, name, options)),
    );
  verb('list', 'the secrets that are kept, never their values', secret).action((options: CommonOptions) =>
    run(options, async (context) => (await import('./verbs/secretList.ts')).secretList(context)),
  );
  verb('rm <name>', 'forget a secret', secret)
    .option('--force', 'also one that a connection uses')
    .action((name: string, options: CommonOptions & { force?: true }) =>
      run(options, async (context) => (await import('./verbs/secretRm.ts')).secretRm(context, name, options)),
    );
  verb(
    'encrypt <file>',
    'put values into a file, encrypted for jwe: references; the value is asked for, or read from standard input',
    secret,
  )
    .requiredOption('--certificate <path...>', 'PEM file of the certificate whose key the workers have, or two while they are exchanged')
    .option('--path <path>', 'the place of one value in the file, like /contoso/clientSecret')
    .option('-f, --file <path>', 'a JSON file of plain values to encrypt, all at once')
    .action((file: string, options: CommonOptions & EncryptOptions) =>
      run(options, async (context) => (await import('./verbs/secretEncrypt.ts')).secretEncrypt(context, file, options)),
    );

  verb('cancel <run>', 'stop a run, NAME:N, after the page under way').action((text: string, options: CommonOptions) =>
    run(options, async (context) => (await import('./verbs/cancel.ts')).cancel(context, text)),
  );

  return program;
}

const isExchange = (format: Format | ExchangeFormat): format is ExchangeFormat => exchangeFormats.some((one) => one === format);

interface FindingsWords extends Omit<FindingsOptions, 'as'>, Pick<CommonOptions, 'json'> {
  readonly output: Format | ExchangeFormat;
}
