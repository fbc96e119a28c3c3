// The coming occurrences of a profile with their modes, for `apply --dry-run` (decision 21). Pure. The Temporal Schedule is what counts; this foretells it.
import { nextTimes } from '../clients/wallClock.ts';
import type { ScheduleSpec } from '../connectors/schedule.ts';
import type { Mode, OpenedRun, RunReason, StreamFacts } from '../model.ts';
import { decide } from '../workflows/decide.ts';

export interface Coming {
  /** The nominal time, ISO-8601 UTC. */
  readonly at: string;
  readonly mode: Mode;
  readonly reason: RunReason;
}

export interface Foreseen {
  /** Orders are written: nothing is decided. */
  readonly orders?: boolean;
  readonly schedule: ScheduleSpec | null;
  readonly baseline: OpenedRun['baseline'];
  /** What is stored of the profile's streams now. */
  readonly facts: readonly StreamFacts[];
  readonly cursorMaxAgeMs: number;
  readonly now: Date;
}

/** At most `count` occurrences after now, as they will be if each of them, and no other run, completes. */
export function comingOccurrences({ orders, schedule, baseline, facts: found, cursorMaxAgeMs, now }: Foreseen, count: number): Coming[] {
  if (schedule === null) return [];
  let facts = found;
  let lastMs = now.getTime();
  return nextTimes(schedule, lastMs, count).map((atMs): Coming => {
    const at = utc(atMs);
    if (orders) return { at, mode: 'fulfil', reason: 'orders' };
    facts = facts.map((one) => aged(one, atMs - lastMs));
    lastMs = atMs;
    const { mode, reason, streams } = decide({ facts, trigger: 'schedule', nominalAt: at, baseline, cursorMaxAgeMs });
    facts = facts.map((one) => pulled(one, streams.find(({ stream }) => stream === one.stream)?.mode === 'full' ? at : null));
    return { at, mode, reason };
  });
}

function aged(facts: StreamFacts, ms: number): StreamFacts {
  const { cursor, failedFulls } = facts;
  return {
    ...facts,
    cursor: cursor === null ? null : { ...cursor, ageMs: cursor.ageMs + ms },
    failedFulls: failedFulls === null ? null : { ...failedFulls, sinceMs: failedFulls.sinceMs + ms },
  };
}

/** The stream after a complete run; `fullAt`: null after a delta. */
function pulled(facts: StreamFacts, fullAt: string | null): StreamFacts {
  const { delta, binding, mapHash, lastFull, failedFulls } = facts;
  return {
    ...facts,
    cursor: delta ? { binding, mapHash, ageMs: 0 } : null,
    lastFull: fullAt === null ? lastFull : { nominalAt: fullAt },
    failedFulls: fullAt === null ? failedFulls : null,
  };
}

const utc = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
