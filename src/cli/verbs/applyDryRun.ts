// tidemark apply --dry-run: what would change, and what the connection would do (decision 21). Changes nothing.
import type { FoundConnection } from '../../connectors/connectionFile.ts';
import { isOfOrders } from '../../connectors/select.ts';
import { appliedSpec, type ConnectionSpec, readSpec, specHash } from '../../connectors/spec.ts';
import { streamPins } from '../../pull/target.ts';
import type { Connection } from '../../store/connection.ts';
import { readStreamFacts } from '../../store/cursor.ts';
import { emptyRowNotes, permissionsOf, profileViews, type ProfileView } from '../connectionView.ts';
import { zoneOf } from '../connections.ts';
import type { Context } from '../context.ts';
import { type Difference, differences, differenceText } from '../difference.ts';
import { type Coming, comingOccurrences } from '../occurrences.ts';
import { timeIn } from '../words.ts';

const foretold = 5;

interface Plan {
  readonly name: string;
  readonly file: string;
  readonly change: 'created' | 'changed' | 'unchanged';
  readonly differences: readonly Difference[];
  readonly profiles: readonly (ProfileView & { readonly timezone: string; readonly next: readonly Coming[] })[];
  /** The least that suffice. */
  readonly permissions: readonly string[];
  readonly notes: readonly string[];
}

export async function dryRun(context: Context, found: readonly FoundConnection[], stored: readonly Connection[]): Promise<void> {
  const plans: Plan[] = [];
  for (const connection of found) {
    plans.push(
      await planOf(
        context,
        connection,
        stored.find(({ name }) => name === connection.spec.name),
      ),
    );
  }
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

async function planOf(context: Context, { spec, file, notes }: FoundConnection, stored: Connection | undefined): Promise<Plan> {
  const profiles = profileViews(spec);
  const change = stored === undefined ? 'created' : stored.specHash === specHash(spec) ? 'unchanged' : 'changed';
  return {
    name: spec.name,
    file,
    change,
    differences:
      change === 'unchanged' ? [] : differences(stored === undefined ? undefined : appliedSpec(readSpec(stored.spec)), appliedSpec(spec)),
    profiles: await Promise.all(
      profiles.map(async (profile) => ({
        ...profile,
        timezone: zoneOf(spec, profile.name),
        next: await comingOf(context, spec, profile.name),
      })),
    ),
    permissions: permissionsOf(profiles),
    notes: [...notes, ...emptyRowNotes(spec)],
  };
}

/** By what is stored of the connection's streams; a new one has nothing yet. */
async function comingOf(context: Context, spec: ConnectionSpec, name: string): Promise<Coming[]> {
  const profile = spec.profiles.find((candidate) => candidate.name === name);
  if (profile === undefined || profile.status === 'inactive' || profile.schedule === null) return [];
  const { schedule, baseline } = profile;
  const facts = await readStreamFacts(await context.database(), spec.name, streamPins(spec, name, null));
  const grid = baseline === null ? null : { every: baseline, start: schedule.start, timezone: schedule.timezone };
  const { cursorMaxAgeMs } = (await context.config()).timings;
  return comingOccurrences({ orders: isOfOrders(spec, name), schedule, baseline: grid, facts, cursorMaxAgeMs, now: new Date() }, foretold);
}

function textOf(plan: Plan): string {
  const lines = [`${plan.name} (${plan.file}): ${plan.change === 'unchanged' ? 'unchanged' : `would be ${plan.change}`}`];
  // A new connection differs in everything: its profiles say it better.
  if (plan.change === 'changed') lines.push(...plan.differences.map((difference) => `  ${differenceText(difference)}`));
  for (const profile of plan.profiles) {
    lines.push(`  profile ${profile.name}, ${profile.status}: ${profile.schedule}`);
    if (profile.baseline !== null) lines.push(`    baseline ${profile.baseline}`);
    for (const { at, mode, reason } of profile.next) lines.push(`    next ${timeIn(profile.timezone, at)}: ${mode} (${reason})`);
    for (const { stream, map } of profile.streams) lines.push(`    ${stream}${map === null ? '' : ` by ${map}`}`);
  }
  lines.push(`  application permissions: ${plan.permissions.join(', ')}`, ...plan.notes.map((note) => `  ${note}`));
  return lines.join('\n');
}
