// Verbs that search the inventory.
import { Option } from 'commander';
import { findingStatuses } from '../../model.ts';
import { type ExchangeFormat, exchangeFormats, type Format, formats } from '../output.ts';
import type { CommonOptions } from '../program.ts';
import type { AssetsOptions } from '../verbs/assets.ts';
import type { ChangesOptions } from '../verbs/changes.ts';
import type { FindingsOptions } from '../verbs/findings.ts';
import { type Group, limitOption } from './group.ts';

export const inventory: Group = ({ program, verb, run, classes }) => {
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
      run(options, async (context) => (await import('../verbs/assets.ts')).assets(context, query, options)),
    );
  verb(
    'explain <id>',
    'one asset: its score with what it is made of, its open findings, and which assets of other connections are one with it',
    known,
  )
    .option('--connection <name>', 'of this connection, where several have it')
    .action((id: string, options: CommonOptions & { connection?: string }) =>
      run(options, async (context) => (await import('../verbs/assetsExplain.ts')).assetsExplain(context, id, options)),
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
        (await import('../verbs/findings.ts')).findings(context, query, { ...options, ...of.as }),
      );
    });
  verb('explain <id>', 'one finding: what its numbers are made of, and which records tell it', found)
    .option('--connection <name>', 'of this connection, where several have it')
    .action((id: string, options: CommonOptions & { connection?: string }) =>
      run(options, async (context) => (await import('../verbs/findingsExplain.ts')).findingsExplain(context, id, options)),
    );

  verb('changes [query]', 'what runs changed: documents added, changed by path, removed')
    .option('--since <run|time>', 'after this run, N or NAME:N, or since this time: 2026-05-01, now-7d')
    .option('--connection <name>', 'only those of this connection')
    .option('--class <class>', 'only those of this class')
    .addOption(limitOption('documents, each counted for every run that changed it'))
    .action((query: string | undefined, options: CommonOptions & ChangesOptions) =>
      run(options, async (context) => (await import('../verbs/changes.ts')).changes(context, query, options)),
    );
};

const isExchange = (format: Format | ExchangeFormat): format is ExchangeFormat => exchangeFormats.some((one) => one === format);

interface FindingsWords extends Omit<FindingsOptions, 'as'>, Pick<CommonOptions, 'json'> {
  readonly output: Format | ExchangeFormat;
}
