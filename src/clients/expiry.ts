// When a credential ends: how it is said, and when it is warned of. Pure.

const dayMs = 86_400_000;

/** Days before the end at which is warned, once each; 0: it is over. */
const thresholds = [0, 1, 7, 30] as const;
export type Threshold = (typeof thresholds)[number];

/** The threshold that has been reached, the nearest to the end; null when the end is further away. */
export function thresholdOf(expiresAt: string, now: Date): Threshold | null {
  const days = (Date.parse(expiresAt) - now.getTime()) / dayMs;
  return thresholds.find((threshold) => days <= threshold) ?? null;
}

/** `expires in 6 days`: whole days that are left; hours on the last. */
export function expiryInWords(expiresAt: string, now: Date): string {
  const leftMs = Date.parse(expiresAt) - now.getTime();
  if (leftMs <= 0) return 'has expired';
  const days = Math.floor(leftMs / dayMs);
  if (days >= 1) return `expires in ${plural(days, 'day')}`;
  const hours = Math.floor(leftMs / 3_600_000);
  return hours >= 1 ? `expires in ${plural(hours, 'hour')}` : 'expires within the hour';
}

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
