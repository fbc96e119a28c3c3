// How an error ends a verb: its exit code, and what is printed of it. Codes decide, never messages.
import type { ErrorCode, TidemarkError } from '../errors.ts';

/** contract.md: 0 done, 1 failed, 2 wrong usage or invalid file, 3 Temporal or database not reachable, 4 the run did not complete, 5 removals held. */
export const exit = { done: 0, failed: 1, usage: 2, unreachable: 3, incomplete: 4, held: 5 } as const;
export type ExitCode = (typeof exit)[keyof typeof exit];

const exits: Partial<Record<ErrorCode, ExitCode>> = {
  CONFIG_INVALID: exit.usage,
  STORE_UNAVAILABLE: exit.unreachable,
  ORCHESTRATOR_UNAVAILABLE: exit.unreachable,
  REMOVALS_HELD: exit.held,
};

export const exitOf = (error: TidemarkError): ExitCode => exits[error.code] ?? exit.failed;

/** The lines for stderr. INTERNAL shows where it came from, since its reader is a developer; no other code shows its cause. */
export function failureText(error: TidemarkError, json: boolean): string {
  const { code, message, hint } = error;
  if (json) return JSON.stringify({ error: { code, message, hint } });
  const lines = [`${code}: ${message}`, `  fix: ${hint}`];
  if (code === 'INTERNAL' && error.cause instanceof Error) lines.push(`  ${error.cause.stack ?? error.cause.message}`);
  return lines.join('\n');
}
