// What rows an estate really has now, straight from its strands and not by queries: tests compare an inventory with it.
import type { JsonObject } from '../../src/model.ts';
import type { Estate } from './estate.ts';

export const estateTruths = [
  'virtualMachines',
  'networkInterfaces',
  'publicIpAddresses',
  'containerGroups',
  'registries',
  'sites',
  'assessments',
  'subAssessments',
] as const;
export type EstateTruth = (typeof estateTruths)[number];

export const isEstateTruth = (name: string): name is EstateTruth => estateTruths.some((known) => known === name);

export function* rowsOf(estate: Estate, name: EstateTruth): Generator<JsonObject> {
  const security = name === 'assessments' || name === 'subAssessments';
  const type = `microsoft.security/assessments${name === 'subAssessments' ? '/subassessments' : ''}`;
  for (const strand of estate.strands(security ? 'SecurityResources' : 'Resources')) {
    if (!security && strand.name !== name) continue;
    for (let resource = 0; resource < strand.count(); resource += 1) {
      for (const slot of strand.slots()) {
        if ((!security || slot.fixed['type'] === type) && estate.has(strand, slot, resource)) yield slot.row(resource);
      }
    }
  }
}
