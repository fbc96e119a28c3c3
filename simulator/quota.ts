// A quota's window. It opens with the first request after the one before has ended: what is refused, and for how long, MUST NOT depend on the hour.

export interface QuotaWindow {
  endsAt: number;
  spent: number;
}

/** A window that the next request opens anew. */
export const noWindow = (): QuotaWindow => ({ endsAt: 0, spent: 0 });

/** Spends in the open window, or in a new one of this length. */
export function spend(window: QuotaWindow, now: number, lengthMs: number, cost = 1): void {
  if (now >= window.endsAt) Object.assign(window, { endsAt: now + lengthMs, spent: 0 });
  window.spent += cost;
}

/** Whole seconds until the window ends, at least one. */
export const secondsLeft = (window: QuotaWindow, now: number): number => Math.max(Math.ceil((window.endsAt - now) / 1000), 1);
