// What Temporal's UI and lists show of a connection: a small table and search attributes.
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { HeldSet } from '../model.ts';
import type { Entity } from './entity.ts';
import { statusOf } from './status.ts';

/** Named in contract.md; `up` registers them. */
const searchAttributes = {
  TidemarkState: { name: 'TidemarkState', type: 'KEYWORD' },
  TidemarkConnector: { name: 'TidemarkConnector', type: 'KEYWORD' },
  TidemarkMode: { name: 'TidemarkMode', type: 'KEYWORD' },
  TidemarkLastSuccess: { name: 'TidemarkLastSuccess', type: 'DATETIME' },
} as const;

/** A Markdown table of the profiles. */
function detailsOf(entity: Entity, now: string): string {
  const { state, since, connector, current, held, lastError, profiles } = statusOf(entity, now);
  const rows = profiles.map(({ name, state: shown, lastRun, lastFull, nextRun }) => {
    const last = lastRun === null ? '' : `${lastRun.run}: ${lastRun.verdict}, ${lastRun.mode ?? ''}, ${lastRun.finishedAt}`;
    return `| ${name} | ${shown} | ${last} | ${lastFull ?? ''} | ${nextRun ?? ''} |`;
  });
  return [
    `**${entity.name}** (${connector}): **${state}** since ${since}`,
    ...(current === null ? [] : ['', `Run ${current.run} of ${current.profile} since ${current.since}`]),
    ...(held === null ? [] : ['', heldText(entity.name, held)]),
    ...(lastError === null ? [] : ['', `Last error: ${lastError.code}: ${lastError.message} ${lastError.hint}`]),
    ...(entity.paused === null
      ? []
      : ['', `Paused since ${entity.paused.since}${entity.paused.reason === null ? '' : `: ${entity.paused.reason}`}`]),
    '',
    '| profile | state | last run | last full | next run |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function heldText(name: string, { count, digest }: HeldSet): string {
  const commands = ['approve', 'reject'].map((verb) => `\`tidemark ${verb} ${name} --digest ${digest ?? ''}\``);
  return `Removals held: ${count}. \`tidemark removals ${name}\` lists them; ${commands.join(' or ')}`;
}

/** Shows the entity. Only attributes that the namespace has are set: an unknown one would fail the Workflow Task for good. */
export function show(entity: Entity, now: string): void {
  setCurrentDetails(detailsOf(entity, now));
  const has = (name: keyof typeof searchAttributes): boolean => entity.searchAttributes[name] === searchAttributes[name].type;
  const [last] = entity.history;
  const success = entity.history.find(({ mode, verdict }) => verdict === 'complete' && mode !== 'settle');
  const attributes = [
    ...(has('TidemarkState') ? [{ key: searchAttributes.TidemarkState, value: entity.state }] : []),
    ...(has('TidemarkConnector') ? [{ key: searchAttributes.TidemarkConnector, value: entity.connector }] : []),
    ...(has('TidemarkMode') ? [{ key: searchAttributes.TidemarkMode, value: last?.mode ?? null }] : []),
    ...(has('TidemarkLastSuccess')
      ? [{ key: searchAttributes.TidemarkLastSuccess, value: success === undefined ? null : new Date(success.finishedAt) }]
      : []),
  ];
  // An upsert of nothing is refused too.
  if (attributes.length > 0) upsertSearchAttributes(attributes);
}
