// The secrets that imported files have in plain: sealed and kept before their connections are tested (decision 43).
import { lostKey, readKey } from '../clients/secrets/keyFile.ts';
import { seal } from '../clients/secrets/seal.ts';
import type { FoundConnection } from '../connectors/connectionFile.ts';
import { bindingOf } from '../connectors/credentials.ts';
import { TidemarkError } from '../errors.ts';
import { putSecret } from '../store/secret.ts';
import { approver } from './approver.ts';
import type { Context } from './context.ts';

/** Does nothing where no file has a secret. @throws SECRET_UNAVAILABLE when there is no key to seal by, or another one sealed what is kept. */
export async function keepImported(context: Context, connections: readonly FoundConnection[]): Promise<void> {
  const imported = connections.flatMap(({ spec, secret, file }) => (secret === undefined ? [] : [{ spec, secret, file }]));
  const [first] = imported;
  if (first === undefined) return;
  const { keyFile } = (await context.config()).secrets;
  const key = await readKey(keyFile);
  if (key === null) {
    throw new TidemarkError(
      'SECRET_UNAVAILABLE',
      `An ApplicationKey is kept sealed, and there is no key file ${keyFile}. Nothing was applied.`,
      {
        hint: `"tidemark secret set ${first.secret.name} -f ${first.file}" makes the key; or name its file in TIDEMARK_SECRET_KEY_FILE.`,
      },
    );
  }
  const database = await context.database();
  for (const { spec, secret } of imported) {
    const put = await putSecret(database, seal(secret.value, secret.name, bindingOf(spec), key), approver());
    if ('otherKey' in put) throw lostKey('Secrets that are kept are', { file: keyFile, wanted: put.otherKey, present: key });
  }
}
