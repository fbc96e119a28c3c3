// Runs one command line: reads its words, opens a context for the verb, prints what failed, answers the exit code.
import { CommanderError } from 'commander';
import type { Writable } from 'node:stream';
import { asTidemarkError, TidemarkError } from '../errors.ts';
import { createContext, type Context } from './context.ts';
import { exit, exitOf, failureText, type ExitCode } from './errors.ts';
import { createOutput, type Format } from './output.ts';
import { commands } from './commands.ts';

interface Streams {
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean };
}

/** What every verb takes. */
export interface CommonOptions {
  readonly output: Format;
  readonly json?: true;
}

/** A verb's work; it answers its exit code, or nothing for done. */
export type Work = (context: Context) => Promise<ExitCode | void>;

/** Never throws: each error is printed on stderr, once, and told by the exit code. */
export async function runProgram(argv: readonly string[], streams: Streams): Promise<ExitCode> {
  let code: ExitCode = exit.done;
  // Words that cannot be read have no options yet: then the words themselves say whether the error is JSON.
  let json = argv.some(
    (word, index) => word === '--json' || word === '--output=json' || (word === 'json' && argv[index - 1] === '--output'),
  );

  const run = async (options: CommonOptions, work: Work): Promise<void> => {
    const format = options.json === true ? 'json' : options.output;
    json = format === 'json' || format === 'ndjson';
    const output = createOutput({ format, ...streams });
    const context = createContext(output);
    try {
      code = (await work(context)) ?? exit.done;
    } finally {
      await context.close();
      await output.flush();
    }
  };

  try {
    await commands({ run, classes: await classesFor(argv) }, streams).parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exit.done;
    const failure = error instanceof CommanderError ? wrongUsage(error, argv) : asTidemarkError(error);
    await new Promise<void>((resolve) => streams.stderr.write(`${failureText(failure, json)}\n`, () => resolve()));
    return exitOf(failure);
  }
}

/** Connectors load too slowly for every start: only the help that names their classes waits for them. */
async function classesFor(argv: readonly string[]): Promise<readonly string[]> {
  const shown = argv[0] === 'assets' && argv.some((word) => word === '--help' || word === '-h');
  return shown ? (await import('../connectors/index.ts')).assetClasses() : [];
}

function wrongUsage(error: CommanderError, argv: readonly string[]): TidemarkError {
  const bare = error.code === 'commander.help';
  const message = bare ? 'No verb was given.' : error.message.replace(/^error: /, '').replaceAll('\n', ' ');
  const verb = error.code === 'commander.unknownCommand' || bare ? '' : ` ${argv.find((word) => !word.startsWith('-')) ?? ''}`;
  return new TidemarkError('CONFIG_INVALID', message, { hint: `"tidemark${verb} --help" shows what can be given.` });
}
