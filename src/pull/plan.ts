// Which links a walk reads, and in what order: a stack of steps kept in the checkpoint, the last one read next. Pure.
import type { Collection, EdgeDefinition, Reader, StreamDefinition } from '../connectors/definition.ts';
import type { JsonObject, Step, StreamPlan } from '../model.ts';
import type { Source, SourcePage } from '../clients/source.ts';
import { firstStored } from './stored.ts';

/** How the answers of a phase are read. */
export interface Phase {
  readonly yields: 'records' | 'edges';
  readonly edges: readonly EdgeDefinition[];
  /** `whole`: an object replaces what is stored. `first`: its first sight in the walk does, later ones merge. `changes`: absent means unchanged. */
  readonly objects: 'whole' | 'first' | 'changes';
  readonly overflow: Collection['overflow'];
  /** The answers are stored records that another map made assets of: they say nothing of the source. */
  readonly stored: boolean;
  /** What else than the source answers it; null: the source does. */
  readonly reader: Reader | null;
  /** Whether it is noted how much it answers. */
  readonly answersFor: boolean;
}

/** What a plan needs to know of the stream in this connection. */
export interface WalkTarget {
  readonly definition: StreamDefinition;
  /** The properties selected, relations included (decision 1). */
  readonly select: readonly string[];
  /** The edges asked for by the connection's settings. */
  readonly edges: readonly EdgeDefinition[];
  /** The classes of assets whose findings it is limited to (decision 52); absent: it is not. */
  readonly types?: readonly string[];
}

/**
 * The stack a walk starts with. A delta starts from the adopted cursor, which the checkpoint holds. Where the map changed, it goes on with the stored
 * records that the changes left as they were (design 3.8).
 */
export function firstSteps(target: WalkTarget, { mode, reason }: Pick<StreamPlan, 'mode' | 'reason'>, link: Source['link']): Step[] {
  const { walk } = target.definition;
  const { select } = target;
  if (walk.shape === 'collections') {
    return walk.collections.map((collection) => collectionStep(target, collection, collection.path, link)).reverse();
  }
  if (mode === 'delta') return [...(reason === 'map changed' ? [firstStored] : []), { phase: 'delta', link: null }];
  if (walk.shape === 'chain') return [{ phase: 'chain', link: link({ path: walk.path, select, delta: 'first' }) }];
  // The token is taken before the list is read, and asked once more after it: what changed meanwhile is in the closing round.
  return [
    { phase: 'closing', link: null },
    { phase: 'list', link: link({ path: walk.path, select, top: walk.top }) },
    { phase: 'latest', link: link({ path: walk.path, select, delta: 'latest' }) },
  ];
}

/** The stack of a list whose tenant has no delta: the list alone, without a cursor. */
export function listSteps(target: WalkTarget, link: Source['link']): Step[] {
  const { walk } = target.definition;
  return walk.shape === 'list' ? [{ phase: 'list', link: link({ path: walk.path, select: target.select, top: walk.top }) }] : [];
}

/** The stack after a page of the last step: its next page, and above it the collections that the page says are cut. */
export function nextSteps(
  target: WalkTarget,
  steps: readonly Step[],
  page: Pick<SourcePage, 'objects' | 'next'>,
  link: Source['link'],
): Step[] {
  const current = steps.at(-1);
  if (current === undefined) return [];
  const rest = steps.slice(0, -1);
  if (page.next !== null) rest.push({ phase: current.phase, link: page.next });
  const { overflow } = phaseOf(target, current.phase);
  if (overflow !== null) rest.push(...overflowSteps(target, overflow, page.objects, link));
  return rest;
}

/** How the answers of a step are read. */
export function phaseOf(target: WalkTarget, phase: string): Phase {
  const { walk } = target.definition;
  const others = { reader: null, answersFor: false } as const;
  if (phase === firstStored.phase) return { yields: 'records', edges: [], objects: 'changes', overflow: null, stored: true, ...others };
  if (walk.shape !== 'collections') {
    const objects = phase === 'list' ? 'whole' : phase === 'chain' ? 'first' : 'changes';
    return { yields: 'records', edges: target.edges, objects, overflow: null, stored: false, ...others };
  }
  const found = walk.collections.flatMap(withOverflow).find((collection) => collection.phase === phase);
  if (found === undefined) throw new RangeError(`Stream ${target.definition.name} has no phase ${phase}`);
  const { yields, edges, overflow, reader = null, answersFor } = found;
  return { yields, edges, objects: 'whole', overflow, stored: false, reader, answersFor: answersFor !== undefined };
}

const withOverflow = (collection: Collection): readonly Collection[] =>
  collection.overflow === null ? [collection] : [collection, collection.overflow.collection];

function collectionStep({ select, types }: WalkTarget, collection: Collection, path: string, link: Source['link']): Step {
  // A reader's link is where it stands: at its beginning nowhere.
  if (collection.reader !== undefined) return { phase: collection.phase, link: '' };
  const selected = collection.yields === 'records' ? select : [];
  const limited = types === undefined ? {} : { types };
  return { phase: collection.phase, link: link({ path, select: selected, top: collection.top, expand: collection.expand, ...limited }) };
}

function overflowSteps(
  target: WalkTarget,
  overflow: NonNullable<Collection['overflow']>,
  objects: readonly JsonObject[],
  link: Source['link'],
): Step[] {
  return objects.flatMap((object) => {
    const expanded = object[overflow.property];
    const id = object['id'];
    if (!Array.isArray(expanded) || expanded.length < overflow.at || typeof id !== 'string') return [];
    const path = overflow.collection.path.replace('{id}', encodeURIComponent(id));
    return [collectionStep(target, overflow.collection, path, link)];
  });
}
