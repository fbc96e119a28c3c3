// Which of Tidemark's search attributes a namespace has, and of which type: the entity sets no other.
import type { Client } from '@temporalio/client';

/** Values of temporal.api.enums.v1.IndexedValueType that ours have. */
const typeNames: Readonly<Record<number, 'KEYWORD' | 'DATETIME'>> = { 2: 'KEYWORD', 6: 'DATETIME' };

/** The namespace's attributes whose names begin with Tidemark, with their types. @throws whatever the server answers */
export async function registeredAttributes(client: Client): Promise<Record<string, string>> {
  const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace: client.options.namespace });
  const ours = Object.entries(customAttributes).filter(([name]) => name.startsWith('Tidemark'));
  return Object.fromEntries(ours.map(([name, type]) => [name, typeNames[type] ?? 'OTHER']));
}
