// References: where a secret, or an id kept beside it, is; never what it is. The shape alone: what may be read is up to each worker.
import { z } from 'zod';

/** Names of secrets that Tidemark keeps. */
export const secretName = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/;

/** What may stand behind each kind, and what that is called. */
const kinds: ReadonlyMap<string, { readonly shape: RegExp; readonly is: string; readonly like?: string }> = new Map([
  ['env', { shape: /^[A-Za-z_][A-Za-z0-9_]{0,127}$/, is: 'the name of an environment variable' }],
  ['file', { shape: /^[^\0\r\n]{1,1024}$/, is: 'the name of a file' }],
  [
    'secret',
    { shape: secretName, is: 'the name of a secret', like: 'a letter or digit, then letters, digits, ".", "_", "-" and "/", at most 128' },
  ],
  ['jwe', { shape: /^[^\0\r\n#]{1,1024}#(\/([^~/\0\r\n]|~[01])*){1,32}$/, is: 'a file and a place in it', like: 'FILE#/json/path' }],
  [
    'keyvault',
    {
      shape: /^https:\/\/[a-z0-9.-]{1,253}(:\d{1,5})?\/secrets\/[0-9A-Za-z-]{1,127}(\/[0-9a-f]{32})?$/,
      is: "a secret's identifier",
      like: 'https://VAULT.vault.azure.net/secrets/NAME',
    },
  ],
  ['cyberark', { shape: /^[^\\/:*?"<>|\0\r\n]{1,64}\/[^\\/:*?"<>|\0\r\n]{1,256}$/, is: 'a safe and an object', like: 'SAFE/OBJECT' }],
]);

/** The value MUST NOT be repeated in a message: it may be a secret written by mistake. */
export const reference = z.string().superRefine((text, context) => {
  const [, kind = '', name = ''] = /^([a-z]+):(.*)$/s.exec(text) ?? [];
  const known = kinds.get(kind);
  if (known === undefined) {
    context.addIssue(
      'is a secret written out: put it into an environment variable of the worker and write env:TIDEMARK_SECRET_NAME here, or into a file and write file:NAME; or let Tidemark keep it (tidemark secret set NAME) and write secret:NAME',
    );
  } else if (!known.shape.test(name)) {
    context.addIssue(`is not ${known.is} after ${kind}:${known.like === undefined ? '' : ` ${known.like}`}`);
  }
});

/** Tidemark keeps no ids: one is no secret. */
export const idReference = z.string().refine((text) => !text.startsWith('secret:') && reference.safeParse(text).success);
