// The data models by name: the sources that streams are mapped from, and the targets that they are mapped to.
import { connectors } from '../index.ts';
import { assetModel } from './asset.ts';
import type { SourceModel, TargetModel } from './model.ts';

export const targetModels: readonly TargetModel[] = [assetModel];

/** The source models that streams are mapped from, each once, in the order of the connectors. */
export function sourceModels(): SourceModel[] {
  const all = connectors.flatMap(({ streams }) => streams.flatMap(({ model }) => (model === null ? [] : [model])));
  return [...new Set(all)];
}
