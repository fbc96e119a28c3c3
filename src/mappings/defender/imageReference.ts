// References to images: `[registry[:port]/]repository[:tag][@digest]`, with Docker's defaults for what is left out.
export interface ImageReference {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | null;
  readonly digest: string | null;
}

const digestForm = /^sha(256|512):([0-9a-f]{64}|[0-9a-f]{128})$/;
const repositoryForm = /^[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/;
const hostForm = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/;
const tagForm = /^\w[\w.-]{0,127}$/;
const longest = 255;

export const isDigest = (text: string): boolean => digestForm.test(text);
export const isRepository = (text: string): boolean => text.length <= longest && repositoryForm.test(text);
export const isRegistryHost = (text: string): boolean => text.length <= longest && hostForm.test(text);

/** The first part is a registry where it looks like a host: `nginx` and `team/app` are of docker.io. @returns undefined for what is no reference */
export function parseImage(text: string): ImageReference | undefined {
  const [named = '', digest = null, ...more] = text.split('@');
  const colon = named.lastIndexOf(':');
  const tagged = colon > named.lastIndexOf('/');
  const name = tagged ? named.slice(0, colon) : named;
  const tag = tagged ? named.slice(colon + 1) : null;
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0)).toLowerCase();
  const hosted = /[.:]/.test(first) || first === 'localhost';
  const registry = hosted ? first : 'docker.io';
  const repository = (hosted ? name.slice(slash + 1) : name).toLowerCase();
  const bad =
    more.length > 0 ||
    !isRegistryHost(registry) ||
    !isRepository(repository) ||
    (tag !== null && !tagForm.test(tag)) ||
    (digest !== null && !isDigest(digest.toLowerCase()));
  return bad ? undefined : { registry, repository, tag, digest: digest?.toLowerCase() ?? null };
}
