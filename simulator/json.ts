// JSON that this program wrote itself, read back.

/**
 * The value as the type it was written from. MUST only be given text whose origin is known: sealed or signed by this program, or
 * sent between a simulator and its own `controlSimulator`.
 */
export function reread<T>(text: string): T {
  const value: unknown = JSON.parse(text);
  if (isOwn<T>(value)) return value;
  throw new Error('There is no value.');
}

function isOwn<T>(value: unknown): value is T {
  return value !== undefined;
}
