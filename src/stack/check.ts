// A line of `doctor`: what was looked at, what was found, and what mends it.

export interface Check {
  readonly check: string;
  readonly ok: boolean;
  /** What was found. MUST NOT hold anything of a secret. */
  readonly found: string;
  /** null when ok. */
  readonly fix: string | null;
}

export type Finding = Omit<Check, 'check'>;

export const ok = (found: string): Finding => ({ ok: true, found, fix: null });
export const bad = (found: string, fix: string): Finding => ({ ok: false, found, fix });
