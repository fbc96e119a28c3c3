// Devices of virtual machines: some machines of the estate have joined the directory, and their devices name them, as Microsoft's extension for machines does.
// Source: learn.microsoft.com/entra/identity/devices/howto-vm-sign-in-azure-ad-windows
import type { Estate } from './resourceGraph/estate.ts';
import { machineId, vmName } from './resourceGraph/machines.ts';
import type { Tenant } from './tenant.ts';
import { property } from './views.ts';

const most = 8;
/** Every fifth device, from the first on, while there are machines. */
const every = 5;

/** From the beginning on: no change that a delta tells. */
export function joinMachines(tenant: Tenant, { places }: Estate): void {
  const count = Math.min(most, places.shape.vms, Math.floor(tenant.shape.devices / every));
  for (let vm = 0; vm < count; vm += 1) {
    const ref = { kind: 'device', index: vm * every } as const;
    const others = property(tenant, ref, 'physicalIds');
    Object.assign(tenant.touch('device', ref.index).values, {
      displayName: vmName(vm),
      profileType: 'SecureVM',
      physicalIds: [...(Array.isArray(others) ? others : []), `[AzureResourceId]:${machineId(places, vm)}`],
    });
  }
}
