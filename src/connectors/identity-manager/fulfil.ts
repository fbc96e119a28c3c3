// The settings of fulfil (document 003, decisions 42 and 46), and the application permissions that each kind of order needs.
import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { TidemarkError } from '../../errors.ts';
import type { JsonObject } from '../../model.ts';
import { folder } from './folder.ts';
import { credentials, guid } from '../input.ts';
import type { ConnectionSpec } from '../spec.ts';

const mostProtected = 1_000;

const protectedEntry = z
  .string()
  .refine(
    (text) =>
      guid.test(text) ||
      (text.startsWith('group:') && guid.test(text.slice('group:'.length))) ||
      /^[^\s/@]{1,256}@[^\s/@]{1,256}$/.test(text),
    "is the id of an object, a user's userPrincipalName, or group:ID for the members of a group",
  )
  .transform((text) => text.toLowerCase());

const certificate = z
  .string()
  .max(16_384)
  .superRefine((text, context) => {
    try {
      const { publicKey } = new X509Certificate(text);
      if (publicKey.asymmetricKeyType === 'rsa' && (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) >= 2_048) return;
      context.addIssue('must be the certificate of an RSA key of at least 2,048 bits');
    } catch {
      context.addIssue('must be a certificate in PEM, beginning with -----BEGIN CERTIFICATE-----; never its private key');
    }
  });

const least = z.int('must be a whole number').min(0, 'must not be negative').max(64);
const password = z
  .strictObject({
    length: z.int('must be a whole number').min(8, 'must be at least 8').max(256).default(12),
    lower: least.default(6),
    upper: least.default(2),
    digits: least.default(2),
    symbols: least.default(2),
  })
  .refine(({ lower, upper, digits, symbols }) => [lower, upper, digits, symbols].filter((count) => count > 0).length >= 3, {
    error: 'must have at least three of lower, upper, digits and symbols: Microsoft Entra ID refuses weaker passwords',
  })
  .prefault({});

const fulfilSettings = z.strictObject({
  /** Another application's, which may write; absent: the connection's own. */
  credentials: credentials.optional(),
  protected: z.array(protectedEntry).max(mostProtected, `has at most ${mostProtected} entries`).default([]),
  passwordCertificate: certificate.optional(),
  password,
  /** Below the worker's directory of orders: what a profile of `orders` reads. */
  orders: folder.optional(),
});

export type FulfilSettings = z.output<typeof fulfilSettings>;
export type PasswordRules = FulfilSettings['password'];

/** As the connection keeps them: data only. null: nothing is set. */
export const fulfil = fulfilSettings
  .transform((settings): JsonObject => z.record(z.string(), z.json()).parse(settings))
  .nullable()
  .default(null);

/** What the connection has set, with its defaults. */
export function fulfilOf({ settings }: Pick<ConnectionSpec, 'settings'>): FulfilSettings {
  return fulfilSettings.parse(settings['fulfil'] ?? {});
}

/** The connection as orders are written by it: with the credentials of fulfil, where it has its own. @throws CONFIG_INVALID */
export function writingSpec(spec: ConnectionSpec): ConnectionSpec {
  const given = fulfilOf(spec).credentials;
  if (given === undefined) return spec;
  const { clientId, clientSecret = null, clientCertificate = null, identity = null } = given;
  const tenantId = given.tenantId.toLowerCase();
  if (tenantId !== spec.credentials.tenantId) {
    throw new TidemarkError('CONFIG_INVALID', 'settings.fulfil.credentials has another tenantId than the connection.', {
      hint: 'Orders are written to the tenant that the connection reads: give both the same tenantId.',
    });
  }
  return { ...spec, credentials: { tenantId, clientId: clientId.toLowerCase(), clientSecret, clientCertificate, identity } };
}

/** What a kind of order needs: of each list any one suffices, the first is the least. */
export interface OrderPermissions {
  readonly kind: string;
  readonly permissions: readonly string[];
}

const directory = 'Directory.ReadWrite.All';

/** https://learn.microsoft.com/graph/permissions-reference, and the table of each method's page. */
export const orderPermissions = [
  { kind: 'create, update and delete users', permissions: ['User.ReadWrite.All', directory] },
  { kind: 'enable and disable users', permissions: ['User.EnableDisableAccount.All', 'User.ReadWrite.All', directory] },
  { kind: 'reset passwords', permissions: ['User-PasswordProfile.ReadWrite.All'] },
  { kind: 'members of groups', permissions: ['GroupMember.ReadWrite.All', 'Group.ReadWrite.All', directory] },
  { kind: 'create, update and delete groups, and their owners', permissions: ['Group.ReadWrite.All', directory] },
  { kind: 'devices', permissions: ['Device.ReadWrite.All'] },
  { kind: 'service principals and applications', permissions: ['Application.ReadWrite.All', directory] },
  { kind: 'administrative units', permissions: ['AdministrativeUnit.ReadWrite.All'] },
  { kind: 'members of directory roles', permissions: ['RoleManagement.ReadWrite.Directory'] },
] as const satisfies readonly OrderPermissions[];
