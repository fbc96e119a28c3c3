// What `doctor` finds of the places that secrets are read from: keys that decrypt, vaults and CyberArk that answer. No secret is asked for, none sent.
import { constants, createPublicKey, privateDecrypt, publicEncrypt, type KeyObject } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { reachCcp } from '../clients/secrets/ccp.ts';
import { readJweKeys } from '../clients/secrets/jweKeys.ts';
import { reachVault, vaultOf } from '../clients/secrets/keyVault.ts';
import type { Config } from '../config.ts';
import type { Json } from '../model.ts';
import { listConnections } from '../store/connection.ts';
import type { Database } from '../store/database.ts';
import { bad, type Finding, ok } from './check.ts';

/** Each file holds a certificate and its key, is its owner's only, and decrypts. @throws SECRET_UNAVAILABLE naming the file */
export async function checkJweKeys({ secrets: { jweKeyFiles } }: Config): Promise<Finding> {
  if (jweKeyFiles.length === 0) return ok('none (TIDEMARK_JWE_KEY_FILES)');
  for (const file of jweKeyFiles) {
    const [key] = (await readJweKeys('jwe:*', [file])).values();
    if (process.platform !== 'win32' && ((await stat(file)).mode & 0o077) !== 0)
      return bad(`${file} can be read by others`, `chmod 600 ${file}`);
    if (key === undefined || !decrypts(key))
      return bad(`the key in ${file} does not decrypt`, 'Name a file with an RSA key of at least 2,048 bits.');
  }
  return ok(jweKeyFiles.join(', '));
}

/** As values are encrypted: by RSA-OAEP-256. */
function decrypts(key: KeyObject): boolean {
  const padded = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
  const probe = Buffer.from('doctor');
  try {
    return privateDecrypt({ key, ...padded }, publicEncrypt({ key: createPublicKey(key), ...padded }, probe)).equals(probe);
  } catch {
    return false;
  }
}

const vaultsAtMost = 10;

/** The vaults that connections name. @throws SECRET_UNAVAILABLE with the reason */
export async function checkVaults(config: Config, database: Database | null): Promise<Finding> {
  const { keyVault } = config.secrets;
  const named = await vaultsNamed(database);
  const login = keyVault === null ? 'no login (TIDEMARK_KEYVAULT_LOGIN)' : `login: ${keyVault.by}`;
  if (named === null) return ok(`${login}; the connections that name vaults cannot be read`);
  if (named.length === 0) return ok(`${login}; no connection names a vault`);
  if (keyVault === null)
    return bad(
      `connections name ${named.join(', ')}, and there is ${login}`,
      'Set TIDEMARK_KEYVAULT_LOGIN of the worker to managed, workload, secret or certificate.',
    );
  await Promise.all(named.slice(0, vaultsAtMost).map((vault) => reachVault(vault, config)));
  return ok(`${login}; ${named.join(', ')}`);
}

/** null where the database does not answer. */
async function vaultsNamed(database: Database | null): Promise<string[] | null> {
  try {
    const specs = database === null ? null : await listConnections(database);
    return specs === null ? null : [...new Set(specs.flatMap(({ spec }) => [...vaultsIn(spec)]))].toSorted((a, b) => (a < b ? -1 : 1));
  } catch {
    return null;
  }
}

function* vaultsIn(value: Json): Generator<string> {
  if (typeof value === 'string') {
    const vault = value.startsWith('keyvault:') ? vaultOf(value.slice('keyvault:'.length)) : null;
    if (vault !== null) yield vault.origin;
  } else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) yield* vaultsIn(part);
}

/** The web service answers who shows the worker's certificate. @throws SECRET_UNAVAILABLE with the reason */
export async function checkCcp({ secrets: { ccp }, proxy }: Config): Promise<Finding> {
  if (ccp === null) return ok('none (TIDEMARK_CYBERARK_URL)');
  await reachCcp(ccp, proxy);
  return ok(ccp.url);
}
