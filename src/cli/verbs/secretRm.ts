// tidemark secret rm NAME [--force]: forgets a secret; one that a connection uses only when forced.
import { usesSecret } from '../../connectors/credentials.ts';
import { readSpec } from '../../connectors/spec.ts';
import { TidemarkError } from '../../errors.ts';
import { listConnections } from '../../store/connection.ts';
import { listSecrets, removeSecret } from '../../store/secret.ts';
import { approver } from '../approver.ts';
import type { Context } from '../context.ts';

export async function secretRm(context: Context, name: string, { force = false }: { readonly force?: boolean }): Promise<void> {
  const database = await context.database();
  const names = (await listSecrets(database)).map((secret) => secret.name);
  if (!names.includes(name)) {
    throw new TidemarkError('CONFIG_INVALID', `Tidemark keeps no secret "${name}".`, {
      hint: names.length === 0 ? 'It keeps none at all.' : `It keeps ${names.slice(0, 10).join(', ')}.`,
    });
  }
  const users = (await listConnections(database)).map(({ spec }) => readSpec(spec)).filter((spec) => usesSecret(spec, name));
  if (users.length > 0 && !force) {
    throw new TidemarkError('CONFIG_INVALID', `secret:${name} is used by ${users.map((spec) => spec.name).join(', ')}.`, {
      hint: 'Apply the connection with another reference first; --force removes it all the same, and the next login fails.',
    });
  }
  await removeSecret(database, name, approver());
  const row = { name, removed: true };
  await context.output.one(row, {
    text: () => `secret:${name} removed`,
    rows: [row],
    columns: (['name', 'removed'] as const).map((column) => ({ title: column, value: () => row[column] })),
  });
}
