// tidemark apply --dry-run: what would change, and what the connection would do (decision 21). Changes nothing.
import type { FoundConnection } from '../../connectors/connectionFile.ts';
import { specHash } from '../../connectors/spec.ts';
import type { Connection } from '../../store/connection.ts';
import { emptyRowNotes, permissionsOf, profileViews, type ProfileView } from '../connectionView.ts';
import { zoneOf } from '../connections.ts';
import type { Context } from '../context.ts';
import { type Difference, differences, differenceText } from '../difference.ts';
import { nextOccurrences } from '../occurrences.ts';
import { toJson } from '../plain.ts';
import { timeIn } from '../words.ts';

const foretold = 5;

interface Plan {
  readonly name: string;
  readonly file: string;
  readonly change: 'created' | 'changed' | 'unchanged';
  readonly differences: readonly Difference[];
  /** `next`: ISO-8601 UTC; null for a cron expression. */
  readonly profiles: readonly (ProfileView & { readonly timezone: string; readonly next: readonly string[] | null })[];
  /** The least that suffice. */
  readonly permissions: readonly string[];
  readonly notes: readonly string[];
}

export async function dryRun(context: Context, found: readonly FoundConnection[], stored: readonly Connection[]): Promise<void> {
  const now = new Date();
  const plans = found.map((connection) =>
    planOf(
      connection,
      stored.find(({ name }) => name === connection.spec.name),
      now,
    ),
  );
  const { output } = context;
  if (output.format !== 'table') {
    return output.rows(plans, {
      columns: [
        { title: 'name', value: ({ name }) => name },
        { title: 'change', value: ({ change }) => change },
        { title: 'file', value: ({ file }) => file },
        { title: 'differences', value: (plan) => plan.differences.length },
        { title: 'permissions', value: ({ permissions }) => permissions.join(' ') },
      ],
    });
  }
  for (const plan of plans) await output.one(plan, { text: () => textOf(plan), rows: [], columns: [] });
  output.note('Nothing was changed: this was a dry run.');
}

function planOf({ spec, file, notes }: FoundConnection, stored: Connection | undefined, now: Date): Plan {
  const profiles = profileViews(spec);
  const change = stored === undefined ? 'created' : stored.specHash === specHash(spec) ? 'unchanged' : 'changed';
  return {
    name: spec.name,
    file,
    change,
    differences: change === 'unchanged' ? [] : differences(stored?.spec, toJson(spec)),
    profiles: profiles.map((profile, position) => ({
      ...profile,
      timezone: zoneOf(spec, profile.name),
      next: profile.status === 'active' ? nextOccurrences(spec.profiles[position]?.schedule ?? null, now, foretold) : [],
    })),
    permissions: permissionsOf(profiles),
    notes: [...notes, ...emptyRowNotes(spec)],
  };
}

function textOf(plan: Plan): string {
  const lines = [`${plan.name} (${plan.file}): ${plan.change === 'unchanged' ? 'unchanged' : `would be ${plan.change}`}`];
  // A new connection differs in everything: its profiles say it better.
  if (plan.change === 'changed') lines.push(...plan.differences.map((difference) => `  ${differenceText(difference)}`));
  for (const profile of plan.profiles) {
    lines.push(`  profile ${profile.name}, ${profile.status}: ${profile.schedule}`);
    if (profile.baseline !== null) lines.push(`    baseline ${profile.baseline}`);
    if (profile.next !== null && profile.next.length > 0) {
      lines.push(`    next: ${profile.next.map((time) => timeIn(profile.timezone, time)).join(', ')}`);
    }
    for (const { stream, map } of profile.streams) lines.push(`    ${stream}${map === null ? '' : ` by ${map}`}`);
  }
  lines.push(`  application permissions: ${plan.permissions.join(', ')}`, ...plan.notes.map((note) => `  ${note}`));
  return lines.join('\n');
}
