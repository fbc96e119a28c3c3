// The program and its verbs: their words, arguments and options, by group. The work of each is in its own file, imported only when it is called.
import { Command, Option } from 'commander';
import type { Writable } from 'node:stream';
import { packageVersion } from '../stack/version.ts';
import { connections } from './commands/connections.ts';
import type { Group } from './commands/group.ts';
import { inventory } from './commands/inventory.ts';
import { kept } from './commands/kept.ts';
import { secrets } from './commands/secrets.ts';
import { stack } from './commands/stack.ts';
import { formats } from './output.ts';

/** In the order of the help. */
const groups: readonly Group[] = [stack, connections, inventory, kept, secrets];

type Given = Pick<Parameters<Group>[0], 'run' | 'classes'>;

export function commands({ run, classes }: Given, streams: { readonly stdout: Writable; readonly stderr: Writable }): Command {
  const program = new Command('tidemark')
    .description(
      'Keeps an inventory in step with Microsoft Entra ID and Microsoft Defender for Cloud: every connection a durable Temporal workflow.',
    )
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

  for (const group of groups) group({ program, verb, run, classes });
  return program;
}
