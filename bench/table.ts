// The budgets of the design, each with what was measured and whether it holds. Pure.
import type { CrashFigures } from './crash.ts';
import type { DeltaFigures, FullFigures } from './figures.ts';
import type { Spread } from './support/statistics.ts';

export interface Measured {
  /** From the smallest tenant to the largest. */
  readonly sizes: readonly {
    readonly users: number;
    readonly full: FullFigures;
    readonly delta: DeltaFigures;
    /** As many as users. */
    readonly devices: FullFigures;
    readonly peakBytes: number;
  }[];
  /** At the smallest size. */
  readonly crash: CrashFigures;
  readonly coldStartMs: Spread;
}

export interface Row {
  readonly what: string;
  /** null: told, without a budget. */
  readonly budget: string | null;
  /** One for each size, or a single one for all. */
  readonly cells: readonly string[];
  readonly ok: boolean | null;
}

const budgets = {
  wallRatio: 3,
  deltaRatio: 1.2,
  memoryRatio: 1.15,
  memoryBytes: 400 * 1024 * 1024,
  historyEvents: 80,
  historyBytes: 64 * 1024,
  pagesAgain: 2,
  coldStartMs: 400,
} as const;

export function rowsOf({ sizes, crash, coldStartMs }: Measured): Row[] {
  const each = (cell: (size: Measured['sizes'][number]) => string): string[] => sizes.map(cell);
  const all = (holds: (size: Measured['sizes'][number]) => boolean): boolean => sizes.every(holds);
  const [first] = sizes;
  const last = sizes.at(-1);
  if (first === undefined || last === undefined) return [];
  // Memory grows no more once the pages have passed through: the largest tenant against the next smaller one.
  const before = sizes.at(-2);
  const histories = sizes.flatMap(({ full, delta }) => [full.history, delta.history]);
  return [
    {
      what: 'requests of a full pull',
      budget: 'what the shape allows',
      cells: each(({ full }) => requests(full.requests)),
      ok: all(({ full }) => full.requests.counted <= full.requests.allowed),
    },
    {
      what: 'requests of a quiet delta',
      budget: 'what the shape allows',
      cells: each(({ full }) => requests(full.quiet)),
      ok: all(({ full }) => full.quiet.counted <= full.quiet.allowed),
    },
    {
      what: 'first full pull, against fetch + parse + COPY of the same pages',
      budget: `≤ ${budgets.wallRatio} ×`,
      cells: each(({ full }) => `${times(full.wallMs / full.limitMs)} (${seconds(full.wallMs)} / ${seconds(full.limitMs)})`),
      ok: all(({ full }) => full.wallMs <= budgets.wallRatio * full.limitMs),
    },
    {
      what: 'full pull without changes, against the same',
      budget: null,
      cells: each(({ full }) => `${times(full.againMs / full.limitMs)} (${seconds(full.againMs)})`),
      ok: null,
    },
    {
      what: `delta of 100 changes, time against ${first.users} users`,
      budget: `≤ ${budgets.deltaRatio} ×`,
      cells: each(({ delta }) => `${times(delta.wallMs.median / first.delta.wallMs.median)} (${spread(delta.wallMs)} ms)`),
      ok: last.delta.wallMs.median <= budgets.deltaRatio * first.delta.wallMs.median,
    },
    {
      what: 'the same, blocks PostgreSQL looked at',
      budget: null,
      cells: each(({ delta }) => `${times(delta.blocks.median / first.delta.blocks.median)} (${spread(delta.blocks)})`),
      ok: null,
    },
    {
      what: 'devices, as many as users: requests of a full pull',
      budget: 'what the shape allows',
      cells: each(({ devices }) => requests(devices.requests)),
      ok: all(({ devices }) => devices.requests.counted <= devices.requests.allowed),
    },
    {
      what: 'devices: requests of a quiet delta, and its time',
      budget: 'what the shape allows',
      cells: each(({ devices }) => `${requests(devices.quiet)} (${seconds(devices.quietMs)})`),
      ok: all(({ devices }) => devices.quiet.counted <= devices.quiet.allowed),
    },
    {
      what: 'devices: first full pull, against fetch + parse + COPY',
      budget: null,
      cells: each(({ devices }) => `${times(devices.wallMs / devices.limitMs)} (${seconds(devices.wallMs)} / ${seconds(devices.limitMs)})`),
      ok: null,
    },
    {
      what: 'devices: full pull without changes, against the same',
      budget: null,
      cells: each(({ devices }) => `${times(devices.againMs / devices.limitMs)} (${seconds(devices.againMs)})`),
      ok: null,
    },
    {
      what: `worker memory, peak, against the size before`,
      budget: `≤ ${budgets.memoryRatio} × and ≤ ${megabytes(budgets.memoryBytes)}`,
      cells: sizes.map(({ peakBytes }, index) => {
        const smaller = sizes[index - 1];
        return smaller === undefined ? megabytes(peakBytes) : `${times(peakBytes / smaller.peakBytes)} (${megabytes(peakBytes)})`;
      }),
      ok:
        all(({ peakBytes }) => peakBytes <= budgets.memoryBytes) &&
        (before === undefined || last.peakBytes <= budgets.memoryRatio * before.peakBytes),
    },
    {
      what: 'history of a run, the larger of full and delta',
      budget: `≤ ${budgets.historyEvents} events and ≤ ${budgets.historyBytes / 1024} KB`,
      cells: each(({ full, delta }) => {
        const events = Math.max(full.history.events, delta.history.events);
        return `${events} events, ${(Math.max(full.history.bytes, delta.history.bytes) / 1024).toFixed(1)} KB`;
      }),
      ok: histories.every(({ events, bytes }) => events <= budgets.historyEvents && bytes <= budgets.historyBytes),
    },
    {
      what: `pages of a stream fetched again, the most of ${crash.kills} × kill -9`,
      budget: `≤ ${budgets.pagesAgain}`,
      cells: [
        `${crash.most} (${Object.entries(crash.again)
          .map(([stream, pages]) => `${stream} ${pages.join(' ')}`)
          .join(', ')})`,
      ],
      ok: crash.most <= budgets.pagesAgain,
    },
    {
      what: 'cold start of a verb that needs no server',
      budget: `≤ ${budgets.coldStartMs} ms`,
      cells: [`${spread(coldStartMs)} ms`],
      ok: coldStartMs.median <= budgets.coldStartMs,
    },
    {
      what: 'statements a page, begin and commit included',
      budget: null,
      cells: each(({ full }) => (full.statements / full.pages).toFixed(1)),
      ok: null,
    },
    {
      what: 'written by the worker, a user',
      budget: null,
      cells: each(({ users, full }) => `${(full.writtenBytes / users / 1024).toFixed(2)} KB`),
      ok: null,
    },
  ];
}

const requests = ({ counted, allowed, signIn }: FullFigures['requests']): string => `${counted} of ${allowed}, and ${signIn} to sign in`;
const times = (ratio: number): string => `${ratio.toFixed(2)} ×`;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const megabytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MB`;
const spread = ({ median, least, most }: Spread): string => `${Math.round(median)} [${Math.round(least)}–${Math.round(most)}]`;
