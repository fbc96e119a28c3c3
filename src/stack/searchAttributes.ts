// The search attributes of Tidemark's workflows: what they are called, and their registration in a namespace.
import type { Client } from '@temporalio/client';
import { asTidemarkError, TidemarkError } from '../errors.ts';

/** Values of temporal.api.enums.v1.IndexedValueType. */
const keyword = 2;
const datetime = 6;

/** As in `temporal workflow list -q 'TidemarkState="errored"'`. */
const searchAttributes = {
  TidemarkState: keyword,
  TidemarkConnector: keyword,
  TidemarkMode: keyword,
  TidemarkLastSuccess: datetime,
} as const;

/** Those of ours that the namespace lacks. */
export async function missingSearchAttributes(client: Client): Promise<string[]> {
  const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace: client.options.namespace });
  return Object.keys(searchAttributes).filter((name) => !(name in customAttributes));
}

/**
 * Registers what is missing; may run twice.
 * @throws ORCHESTRATOR_UNAVAILABLE when the server refuses (a Temporal Cloud namespace registers them in its own console).
 */
export async function registerSearchAttributes(client: Client): Promise<void> {
  try {
    const missing = await missingSearchAttributes(client);
    if (missing.length === 0) return;
    const wanted = Object.entries(searchAttributes).filter(([name]) => missing.includes(name));
    await client.connection.operatorService.addSearchAttributes({
      namespace: client.options.namespace,
      searchAttributes: Object.fromEntries(wanted.map(([name, type]) => [name, type])),
    });
  } catch (error) {
    throw new TidemarkError('ORCHESTRATOR_UNAVAILABLE', 'The search attributes of Tidemark could not be registered.', {
      hint: `Register them by hand: ${Object.keys(searchAttributes).join(', ')}.`,
      cause: asTidemarkError(error).cause ?? error,
    });
  }
}
