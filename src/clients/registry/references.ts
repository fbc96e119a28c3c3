// The names of a registry's things, judged before a URL is built of them: hosts, repositories, tags, digests.
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
import { TidemarkError } from '../../errors.ts';
import type { HashName } from '../httpBody.ts';

const part = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const repository = new RegExp(`^${part}(?:/${part})*$`);
const longestRepository = 255;
const tag = /^\w[\w.-]{0,127}$/;
const digest = /^(sha256):([a-f0-9]{64})$|^(sha512):([a-f0-9]{128})$/;
const host = /^(?=.{1,253}(?::|$))[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*(?::\d{1,5})?$/;

/** What tells a content: the hash's name and its value in hex. */
export interface Digest {
  readonly hash: HashName;
  readonly hex: string;
}

export const isRepository = (name: string): boolean => name.length <= longestRepository && repository.test(name);
export const isTag = (name: string): boolean => tag.test(name);

/** A name with an optional port, in lower case; no address of IPv6. */
export const isHost = (name: string): boolean => host.test(name) && URL.canParse(`https://${name}`);

/** The parts of a digest; null for what is none, or one of a hash that is not read here. */
export function digestOf(text: string): Digest | null {
  const found = digest.exec(text);
  if (found === null) return null;
  const [, sha256, short, , long] = found;
  return sha256 === undefined ? { hash: 'sha512', hex: long ?? '' } : { hash: 'sha256', hex: short ?? '' };
}

/** @throws CONFIG_INVALID for a name that no registry can have; what it was is not said. */
export function checkRepository(name: string): void {
  if (!isRepository(name)) throw misnamed('repository');
}

/** The digest that the reference is, or null for a tag. @throws CONFIG_INVALID for what is neither. */
export function checkReference(reference: string): Digest | null {
  const known = digestOf(reference);
  if (known === null && !isTag(reference)) throw misnamed('tag or digest');
  return known;
}

function misnamed(what: string): TidemarkError {
  return new TidemarkError('CONFIG_INVALID', `Nothing was asked of a registry: what was given is no name of a ${what}.`, {
    hint: 'The name comes from a finding or from the registry itself; the image is left out.',
  });
}
