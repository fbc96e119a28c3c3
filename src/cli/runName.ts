// How a run is named on the command line and in reports: NAME:N.
import { TidemarkError } from '../errors.ts';

export const runName = (connection: string, run: number): string => `${connection}:${run}`;

/** @throws CONFIG_INVALID when the text is not NAME:N. */
export function parseRunName(text: string): { readonly connection: string; readonly run: number } {
  const [, connection, digits] = /^([A-Za-z][A-Za-z0-9.-]*):([1-9]\d{0,14})$/.exec(text) ?? [];
  if (connection === undefined || digits === undefined) {
    throw new TidemarkError('CONFIG_INVALID', `"${text}" does not name a run.`, {
      hint: 'Runs are named NAME:N, like contoso-identity:17; "tidemark runs NAME" lists them.',
    });
  }
  return { connection, run: Number(digits) };
}

/** A run of a known connection, given as N or NAME:N. @throws CONFIG_INVALID when it is neither, or another connection's. */
export function parseRunOf(connection: string, text: string): number {
  const named = parseRunName(text.includes(':') ? text : runName(connection, Number(text)));
  if (named.connection !== connection) {
    throw new TidemarkError('CONFIG_INVALID', `Run "${text}" is not of connection "${connection}".`, {
      hint: `"tidemark runs ${connection}" lists its runs.`,
    });
  }
  return named.run;
}
