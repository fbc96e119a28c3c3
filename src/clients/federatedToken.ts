// The token by which a platform, such as Kubernetes, vouches for the worker. MUST NOT put it into an error.
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation
import { TidemarkError } from '../errors.ts';
import { rememberSecret } from './redact.ts';
import { readRegular } from './secrets/file.ts';
import { codeOf } from './thrown.ts';

/** Its file, when there is a token in it. @throws SECRET_UNAVAILABLE with what, where and how to mend it. */
export async function federatedTokenFile(file: string | null): Promise<string> {
  if (file === null) throw missing('AZURE_FEDERATED_TOKEN_FILE of the worker names no file');
  let text: string | null;
  try {
    text = await readRegular(file, { followLinks: true });
  } catch (error) {
    throw missing(`${file} cannot be read (${codeOf(error) ?? 'UNKNOWN'})`);
  }
  if (text === null) throw missing(`${file} is no regular file of at most 64 KB`);
  if (text.trim() === '') throw missing(`${file} is empty`);
  rememberSecret(text.trim());
  return file;
}

function missing(what: string): TidemarkError {
  return new TidemarkError('SECRET_UNAVAILABLE', `The worker has no workload identity: ${what}.`, {
    hint: 'Let the platform give the worker a token: on Kubernetes the label azure.workload.identity/use: "true" on the pod, and its service account; elsewhere a file with the token, named by AZURE_FEDERATED_TOKEN_FILE. Or log in by clientSecret or clientCertificate.',
    details: { reference: 'identity:workload' },
  });
}
