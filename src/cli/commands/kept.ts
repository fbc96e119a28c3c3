// Verbs about what is kept besides connections: tags, identification rules, maps; and what there is to choose from: connectors, models.
import { Option } from 'commander';
import type { CommonOptions } from '../program.ts';
import { count, type Group } from './group.ts';

export const kept: Group = ({ program, verb, run }) => {
  const connectors = program.command('connectors').description('what can be pulled: list, show').helpCommand(false);
  verb('list', 'the connectors of this version', connectors).action((options: CommonOptions) =>
    run(options, async (context) => (await import('../verbs/connectors.ts')).connectorsList(context)),
  );
  verb('show <name>', 'one connector: streams, permissions, settings, and what is not supported', connectors).action(
    (name: string, options: CommonOptions) =>
      run(options, async (context) => (await import('../verbs/connectors.ts')).connectorsShow(context, name)),
  );

  const tags = program.command('tags').description('named queries over documents: list, show, apply, rm').helpCommand(false);
  verb('list', 'the tags, with the connections that use them', tags).action((options: CommonOptions) =>
    run(options, async (context) => (await import('../verbs/tags.ts')).tagsList(context)),
  );
  verb('show <name>', 'one tag', tags).action((name: string, options: CommonOptions) =>
    run(options, async (context) => (await import('../verbs/tags.ts')).tagsShow(context, name)),
  );
  verb('apply', 'create or change tags from YAML or JSON files', tags)
    .requiredOption('-f, --file <path...>', 'a file, or a directory of *.yaml, *.yml and *.json files')
    .action((options: CommonOptions & { file: string[] }) =>
      run(options, async (context) => (await import('../verbs/tags.ts')).tagsApply(context, options)),
    );
  verb('rm <name>', 'forget a tag that no connection uses', tags).action((name: string, options: CommonOptions) =>
    run(options, async (context) => (await import('../verbs/tags.ts')).tagsRm(context, name)),
  );

  verb('identification-rules', 'by which rules assets of different connections are one, in their order').action((options: CommonOptions) =>
    run(options, async (context) => (await import('../verbs/identificationRules.ts')).identificationRules(context)),
  );

  const maps = program.command('maps').description('transform maps: list, show, clone, preview, diff, apply, rm').helpCommand(false);
  verb('list', 'the transform maps', maps).action((options: CommonOptions) =>
    run(options, async (context) => (await import('../verbs/maps.ts')).mapsList(context)),
  );
  verb('show <name>', 'one transform map, as its file', maps).action((name: string, options: CommonOptions) =>
    run(options, async (context) => (await import('../verbs/maps.ts')).mapsShow(context, name)),
  );
  verb('clone <name> <as>', 'the file of a map of your own, to be changed, previewed and applied', maps).action(
    (name: string, as: string, options: CommonOptions) =>
      run(options, async (context) => (await import('../verbs/maps.ts')).mapsClone(context, name, as)),
  );
  for (const [name, does, act] of [
    ['apply', 'stores maps of your own; connections that use a changed one map their records again', 'mapsApply'],
    ['diff', 'what applying would change; changes nothing', 'mapsDiff'],
  ] as const) {
    verb(name, does, maps)
      .requiredOption('-f, --file <path...>', 'a file, or a directory of *.yaml, *.yml and *.json files')
      .action((options: CommonOptions & { file: string[] }) =>
        run(options, async (context) => (await import('../verbs/mapsChange.ts'))[act](context, options)),
      );
  }
  verb('rm <name>', 'removes a map of your own that no connection uses', maps).action((name: string, options: CommonOptions) =>
    run(options, async (context) => (await import('../verbs/mapsChange.ts')).mapsRm(context, name)),
  );
  verb('preview', 'what a map makes of stored records, and what that changes; writes nothing', maps)
    .requiredOption('-f, --file <path>', 'the file of the map, or - for standard input')
    .requiredOption('--connection <name>', 'whose records are mapped')
    .addOption(new Option('--limit <count>', 'at most so many records').argParser(count).default(10))
    .action((options: CommonOptions & { file: string; connection: string; limit: number }) =>
      run(options, async (context) => (await import('../verbs/mapsPreview.ts')).mapsPreview(context, options)),
    );

  const models = program.command('models').description('the data models that maps read and fill: list, show').helpCommand(false);
  verb('list', 'the source models of the streams, and the target models', models).action((options: CommonOptions) =>
    run(options, async (context) => (await import('../verbs/models.ts')).modelsList(context)),
  );
  verb('show <name>', 'one data model: its fields with their types', models).action((name: string, options: CommonOptions) =>
    run(options, async (context) => (await import('../verbs/models.ts')).modelsShow(context, name)),
  );
};
