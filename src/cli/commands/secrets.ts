// Verbs about the secrets that Tidemark keeps or encrypts.
import type { CommonOptions } from '../program.ts';
import type { EncryptOptions } from '../verbs/secretEncrypt.ts';
import type { Group } from './group.ts';

export const secrets: Group = ({ program, verb, run }) => {
  const secret = program
    .command('secret')
    .description('secrets that Tidemark keeps: set, list, rm; and encrypted files: encrypt')
    .helpCommand(false);
  verb('set <name>', 'keep a secret: its value is asked for, or read from standard input', secret)
    .option('-f, --file <path...>', 'the file of the connection that uses it; needed before that is applied')
    .action((name: string, options: CommonOptions & { file?: string[] }) =>
      run(options, async (context) => (await import('../verbs/secretSet.ts')).secretSet(context, name, options)),
    );
  verb('list', 'the secrets that are kept, never their values', secret).action((options: CommonOptions) =>
    run(options, async (context) => (await import('../verbs/secretList.ts')).secretList(context)),
  );
  verb('rm <name>', 'forget a secret', secret)
    .option('--force', 'also one that a connection uses')
    .action((name: string, options: CommonOptions & { force?: true }) =>
      run(options, async (context) => (await import('../verbs/secretRm.ts')).secretRm(context, name, options)),
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
      run(options, async (context) => (await import('../verbs/secretEncrypt.ts')).secretEncrypt(context, file, options)),
    );
};
