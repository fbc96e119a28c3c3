// tidemark secret list: the secrets that Tidemark keeps, what each is bound to and who uses it. Never a value.
import { usesSecret } from '../../connectors/credentials.ts';
import { readSpec } from '../../connectors/spec.ts';
import { listConnections } from '../../store/connection.ts';
import { listSecrets } from '../../store/secret.ts';
import type { Context } from '../context.ts';

export async function secretList(context: Context): Promise<void> {
  const database = await context.database();
  const specs = (await listConnections(database)).map(({ spec }) => readSpec(spec));
  const rows = (await listSecrets(database)).map(({ name, tenant, login, purpose, keyId, setAt }) => ({
    name,
    tenant,
    login,
    purpose,
    keyId,
    setAt,
    usedBy: specs.filter((spec) => usesSecret(spec, name)).map((spec) => spec.name),
  }));
  await context.output.rows(rows, {
    none: 'Tidemark keeps no secrets yet: "tidemark secret set NAME -f FILE".',
    columns: [
      { title: 'name', value: ({ name }) => name },
      { title: 'tenant', value: ({ tenant }) => tenant },
      { title: 'login', value: ({ login }) => login },
      { title: 'purpose', value: ({ purpose }) => purpose },
      { title: 'key', value: ({ keyId }) => keyId },
      { title: 'set at', value: ({ setAt }) => setAt },
      { title: 'used by', value: ({ usedBy }) => usedBy.join(', ') },
    ],
  });
}
