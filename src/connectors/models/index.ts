// The data models by name: the sources that streams are mapped from, and the targets that they are mapped to.
import { type AssetClass, isFinding } from '../../model.ts';
import { connectors } from '../index.ts';
import { assetModel } from './asset.ts';
import { directoryUserModel, userGroupModel } from './directory.ts';
import { findingModel } from './finding.ts';
import type { SourceModel, TargetModel } from './model.ts';

export const targetModels: readonly TargetModel[] = [assetModel, findingModel, directoryUserModel, userGroupModel];

/** The model of a class's documents: that of findings, its own where there is one of its name, else that of all assets. */
export function targetModelOf(of: AssetClass): TargetModel {
  if (isFinding(of)) return findingModel;
  return targetModels.find(({ name }) => name === of) ?? assetModel;
}

/** The source models that streams are mapped from, each once, in the order of the connectors. */
export function sourceModels(): SourceModel[] {
  const all = connectors.flatMap(({ streams }) => streams.flatMap(({ model }) => (model === null ? [] : [model])));
  return [...new Set(all)];
}
