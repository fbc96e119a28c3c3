// Whether the application may write what orders ask for (decision 42): by kind of order, against what its token holds. Pure.
import { orderPermissions } from '../connectors/identity-manager/fulfil.ts';
import type { ConnectionSpec } from '../connectors/spec.ts';
import type { Advice } from '../model.ts';
import { say } from './words.ts';

/** Whether the connection is set up to write orders. */
export const writesOrders = ({ settings }: ConnectionSpec): boolean => (settings['fulfil'] ?? null) !== null;

/** Which kinds of order will be refused for want of a permission; null: none. It fails no test: nobody has to send orders of every kind. */
export function judgeOrders(roles: readonly string[]): Advice | null {
  const lacking = orderPermissions.filter(({ permissions }) => !permissions.some((permission) => roles.includes(permission)));
  if (lacking.length === 0) return null;
  const kinds = lacking.map(({ kind, permissions: [least] }) => `${kind} (${least})`).join('; ');
  const missing = [...new Set(lacking.map(({ permissions: [least] }) => least))].join(', ');
  return say('ordersLack', { kinds, missing });
}

/** What is no excess where orders are written with the same application. */
export const forOrders: ReadonlySet<string> = new Set(orderPermissions.flatMap(({ permissions }) => permissions));
