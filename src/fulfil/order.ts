// An order as a file has it, checked: one change to write to the directory. Pure.
// MUST NOT repeat a value in a reason: it may be a password written out.
import { z } from 'zod';
import type { JsonObject } from '../model.ts';
import { type Action, actions, type TypeName, typeNames, typeOf } from './types.ts';

export interface Order {
  /** Its idempotency key within the connection. */
  readonly id: string;
  readonly action: Action;
  readonly type: TypeName;
  /** The object it is about: an id, a user's userPrincipalName, or the id of an earlier order that made it; null of a create. */
  readonly key: string | null;
  /** The other end of a membership or ownership: an id, or the id of an earlier order. */
  readonly member: string | null;
  readonly values: JsonObject | null;
}

/** An order, or why it is none. */
export type ReadOrder = { readonly order: Order } | { readonly reason: string };

/** What is in the place of a password that Tidemark makes. */
export const generated = 'generate';

const text = z.string().min(1, 'must not be empty').max(1_024, 'has at most 1,024 characters');
export const orderId = z.string().regex(/^[^\p{Cc}]{1,200}$/u, 'must be text of 1 to 200 characters, without control characters');
/** Names of properties: no annotation, so that nothing is bound past the actions that are there for it. */
const property = /^(?!__)[A-Za-z_]\w{0,255}$/;

const password = z
  .string('must be generate, or a reference to the password: env:NAME or file:NAME')
  .refine((given) => given === generated || /^(env:[A-Za-z_]\w{0,127}|file:[^\0\r\n]{1,1024})$/.test(given), {
    error: 'is a password written out, or a reference of another kind: write generate, env:NAME or file:NAME',
  });
const passwordProfile = z.strictObject(
  {
    password: password.default(generated),
    forceChangePasswordNextSignIn: z.boolean().default(true),
    forceChangePasswordNextSignInWithMfa: z.boolean().optional(),
  },
  { error: 'has password, forceChangePasswordNextSignIn and forceChangePasswordNextSignInWithMfa only' },
);

const values = z.record(z.string(), z.json()).transform((given, context): JsonObject => {
  const name = Object.keys(given).find((key) => !property.test(key));
  if (name !== undefined) {
    context.addIssue(`has ${name.slice(0, 80)}, which is not the name of a property; members and owners have actions of their own`);
    return z.NEVER;
  }
  if (!Object.hasOwn(given, 'passwordProfile')) return given;
  const profile = passwordProfile.safeParse(given['passwordProfile']);
  if (profile.success) return { ...given, passwordProfile: z.record(z.string(), z.json()).parse(profile.data) };
  for (const issue of profile.error.issues)
    context.addIssue({ code: 'custom', path: ['passwordProfile', ...issue.path], message: issue.message });
  return z.NEVER;
});

const orderSchema = z
  .strictObject({
    id: orderId,
    action: z.enum(actions, { error: `must be one of ${actions.join(', ')}` }),
    type: z.enum(typeNames, { error: `is not a type that can be written: ${typeNames.join(', ')}` }),
    key: text.optional(),
    member: text.optional(),
    values: values.optional(),
  })
  .superRefine((order, context) => {
    const { required, actions: possible } = typeOf(order.type);
    const fault = (path: keyof typeof order, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    if (!possible.includes(order.action)) return fault('action', `cannot be done to a ${order.type}: ${possible.join(', ')}`);
    const { key, member, values: given } = order;
    const needs = needsOf(order.action);
    if (needs.key !== (key !== undefined)) fault('key', needs.key ? 'is required' : `is not taken by ${order.action}`);
    if (needs.member !== (member !== undefined)) fault('member', needs.member ? 'is required' : `is not taken by ${order.action}`);
    if (needs.values === 'required' && given === undefined) fault('values', 'is required');
    if (needs.values === 'none' && given !== undefined) fault('values', `is not taken by ${order.action}`);
    if (given === undefined) return;
    const lacking = order.action === 'create' ? required.filter((name) => (given[name] ?? null) === null) : [];
    if (lacking.length > 0) fault('values', `lacks ${lacking.join(', ')}`);
    if (order.action === 'update' && Object.keys(given).length === 0) fault('values', 'has nothing to change');
    if (order.action === 'resetPassword' && Object.keys(given).some((name) => name !== 'passwordProfile'))
      fault('values', 'has passwordProfile only');
    if (order.type === 'group' && Object.hasOwn(given, 'uniqueName'))
      fault('values', 'must not have uniqueName: Tidemark sets it, so that a group is made once');
  });

interface Needs {
  readonly key: boolean;
  readonly member: boolean;
  readonly values: 'required' | 'optional' | 'none';
}

function needsOf(action: Action): Needs {
  switch (action) {
    case 'create':
      return { key: false, member: false, values: 'required' };
    case 'update':
      return { key: true, member: false, values: 'required' };
    case 'resetPassword':
      return { key: true, member: false, values: 'optional' };
    case 'addMember':
    case 'removeMember':
    case 'addOwner':
    case 'removeOwner':
      return { key: true, member: true, values: 'none' };
    case 'delete':
    case 'enable':
    case 'disable':
      return { key: true, member: false, values: 'none' };
  }
}

/** Judges one order as it was read. The reason names paths, never values. */
export function readOrder(raw: unknown): ReadOrder {
  const parsed = orderSchema.safeParse(raw);
  if (!parsed.success) {
    const reasons = parsed.error.issues
      .slice(0, 5)
      .map(({ path, message }) => `${path.length === 0 ? 'the order' : path.join('.')} ${message}`);
    return { reason: reasons.join('; ').slice(0, 500) };
  }
  const { key = null, member = null, values: given = null, ...order } = parsed.data;
  const asked = order.action === 'resetPassword' ? { passwordProfile: newPassword(given) } : given;
  return { order: { ...order, key, member, values: asked } };
}

/** What resets a password that names none: a generated one. */
function newPassword(given: JsonObject | null): JsonObject {
  const profile = given?.['passwordProfile'];
  if (typeof profile === 'object' && profile !== null && !Array.isArray(profile)) return profile;
  return { password: generated, forceChangePasswordNextSignIn: true };
}
