// tidemark secret set NAME [-f FILE]: keeps the value from standard input, sealed for its tenant, login and purpose. Set again, the new value stands.
import { guid } from '../../connectors/input.ts';
import { checkCertificate } from '../../clients/certificate.ts';
import { createKey, lostKey, readKey } from '../../clients/secrets/keyFile.ts';
import { seal, type SecretKey } from '../../clients/secrets/seal.ts';
import { secretName } from '../../connectors/reference.ts';
import { TidemarkError } from '../../errors.ts';
import type { SecretBinding } from '../../model.ts';
import type { Database } from '../../store/database.ts';
import { listSecrets, putSecret } from '../../store/secret.ts';
import { approver } from '../approver.ts';
import type { Context } from '../context.ts';
import { bindingByFiles, bindingInWords, knownBinding } from '../secretBinding.ts';
import { readSecretValue } from '../secretValue.ts';

export async function secretSet(context: Context, name: string, { file }: { readonly file?: readonly string[] }): Promise<void> {
  if (!secretName.test(name)) {
    throw new TidemarkError('CONFIG_INVALID', 'That is no name of a secret.', {
      hint: 'A letter or digit, then letters, digits, ".", "_", "-" and "/", at most 128.',
    });
  }
  // What is wrong with the files is said before a server, or a value, is asked for.
  const filed = file === undefined ? null : bindingByFiles(name, file);
  const { keyFile } = (await context.config()).secrets;
  const database = await context.database();
  const binding = filed ?? (await knownBinding(name, database));
  const key = await keyToSet(keyFile, database);
  const question = `Value of secret:${name}, ${bindingInWords(binding)} (not shown): `;
  const value = await readSecretValue(question, { stdin: process.stdin, stderr: context.output.notes });
  checkValue(value, binding, context);
  const put = await putSecret(database, seal(value, name, binding, key), approver());
  if ('otherKey' in put) throw lostKey('Secrets that are kept are', { file: keyFile, wanted: put.otherKey, present: key });
  const row = { name, ...binding, keyId: key.id, change: put.change };
  await context.output.one(row, {
    text: () => `secret:${name} ${row.change}: ${bindingInWords(binding)}, sealed by the key ${key.id} (${keyFile})`,
    rows: [row],
    columns: (['name', 'tenant', 'login', 'purpose', 'keyId', 'change'] as const).map((column) => ({
      title: column,
      value: () => row[column],
    })),
  });
}

/** The key that is there; made where no secret needs another one. @throws SECRET_UNAVAILABLE when what is kept was sealed by a key that is gone. */
async function keyToSet(keyFile: string, database: Database): Promise<SecretKey> {
  const present = await readKey(keyFile);
  const other = (await listSecrets(database)).find(({ keyId }) => keyId !== present?.id);
  if (other !== undefined) throw lostKey('Secrets that are kept are', { file: keyFile, wanted: other.keyId, present });
  return present ?? createKey(keyFile);
}

/** What can be told of a value before it is used. @throws CONFIG_INVALID for a certificate that cannot log in. */
function checkValue(value: string, { purpose }: SecretBinding, { output }: Context): void {
  if (purpose === 'clientCertificate') checkCertificate(value);
  else if (guid.test(value)) output.note("This looks like a secret's ID. The login wants its value, which is shown once, when it is made.");
}
