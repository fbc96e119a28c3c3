// A run's report as people read it: what it was, how each stream ended, and what is wrong.
import type { OrdersReport, RunReport, StreamReport } from '../model.ts';
import { heldLines } from './heldText.ts';
import type { Column, Output } from './output.ts';
import { durationText, timeIn } from './words.ts';

export const streamColumns: readonly Column<StreamReport>[] = [
  { title: 'stream', value: ({ stream }) => stream },
  { title: 'mode', value: ({ mode }) => mode },
  { title: 'reason', value: ({ reason }) => reason },
  { title: 'outcome', value: ({ outcome }) => outcome },
  ...(
    ['read', 'added', 'updated', 'unchanged', 'removedBySource', 'swept', 'rejected', 'excluded', 'pages', 'requests', 'resumed'] as const
  ).map((key): Column<StreamReport> => ({ title: key, value: (stream) => stream[key], align: 'right' })),
];

/** Prints a report; as CSV its streams. Times are shown in the profile's zone. */
export async function printReport(output: Output, report: RunReport, zone: string): Promise<void> {
  await output.one(inOrder(report), { text: () => reportText(output, report, zone), rows: report.streams, columns: streamColumns });
}

async function reportText(output: Output, report: RunReport, zone: string): Promise<string> {
  const { run, connection, profile, mode, reason, trigger, verdict, held, startedAt, finishedAt } = report;
  const took = finishedAt === null ? '' : `, took ${durationText(Date.parse(finishedAt) - Date.parse(startedAt))}`;
  const lines = [
    `${run}: ${verdict ?? 'under way'} (${mode ?? 'not decided yet'}${reason === null ? '' : `: ${reason}`})`,
    `profile ${profile}, ${trigger}, started ${timeIn(zone, startedAt)}${took}`,
    report.orders === undefined ? assetsText(report) : ordersText(report.orders),
    ...heldLines(connection, held),
  ];
  if (report.streams.length > 0) lines.push('', await output.table(report.streams, streamColumns));
  const faults = [{ stream: null, error: report.error }, ...report.streams].filter(({ error }) => error !== null);
  for (const { stream, error } of faults) lines.push('', `${stream ?? 'run'}: ${error?.code}: ${error?.message}`, `  fix: ${error?.hint}`);
  return lines.join('\n');
}

const assetsText = ({ assets }: RunReport): string =>
  `assets: ${assets.added} added, ${assets.updated} updated, ${assets.removed} removed, ${assets.unchanged} unchanged`;

const ordersText = ({ files, filesNotEnded, executed, errored, skipped }: OrdersReport): string =>
  `orders: ${executed} executed, ${errored} errored, ${skipped} skipped, of ${files} new files${filesNotEnded > 0 ? `; ${filesNotEnded} not ended` : ''}`;

/** The database keeps objects in an order of its own; people read them in the contract's. */
export function inOrder(report: RunReport): RunReport {
  const keys = [
    'run',
    'connection',
    'profile',
    'mode',
    'reason',
    'trigger',
    'scheduledAt',
    'startedAt',
    'finishedAt',
    'verdict',
    'held',
    'streams',
    'assets',
    'orders',
    'error',
  ];
  return { ...ordered(report, keys), streams: report.streams.map((stream) => ordered(stream, streamKeys)) };
}

const streamKeys = [
  'stream',
  'mode',
  'reason',
  'outcome',
  'error',
  'pages',
  'requests',
  'read',
  'added',
  'updated',
  'unchanged',
  'removedBySource',
  'swept',
];

/** The same value with these keys first. */
function ordered<T extends object>(value: T, keys: readonly string[]): T {
  const first = Object.fromEntries(keys.filter((key) => key in value).map((key) => [key, null]));
  return Object.assign(first, value);
}
