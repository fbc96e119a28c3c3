// Records how the credentials of connections fare, and warns before one ends. Beside the logins: MUST NOT fail a run, nor keep it waiting.
import { createHash } from 'node:crypto';
import { checkCertificate } from '../clients/certificate.ts';
import { expiryInWords, thresholdOf } from '../clients/expiry.ts';
import type { Http } from '../clients/http.ts';
import type { LoginOutcome } from '../clients/rotation.ts';
import { askSecretExpiry, type Expiry } from '../clients/secretExpiry.ts';
import { endpointsOf } from '../connectors/clouds.ts';
import { referencesOf } from '../connectors/credentials.ts';
import type { ConnectionSpec } from '../connectors/spec.ts';
import { asTidemarkError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { claimLook, claimWarning, readCredentials, recordCredential, recordExpiry } from '../store/credential.ts';
import type { Database } from '../store/database.ts';
import { writeLog } from '../store/log.ts';

export interface CredentialWatch {
  /** Notes what a login has shown; what has to be asked goes by `http`. Never throws, and is done later. */
  saw(spec: ConnectionSpec, outcome: LoginOutcome, http: Http): void;
}

type Login = Extract<LoginOutcome, { state: 'works' }>;

export function createCredentialWatch({ database, logger }: { readonly database: Database; readonly logger: Logger }): CredentialWatch {
  // By connection, so that what was seen first is written first.
  const tails = new Map<string, Promise<void>>();
  /** By connection and reference: the value whose end was asked for, as a digest that never leaves the process. */
  const looked = new Map<string, string>();

  const note = async (spec: ConnectionSpec, outcome: LoginOutcome, http: Http): Promise<void> => {
    const { reference, state } = outcome;
    const of = { connection: spec.name, reference };
    const aadsts = outcome.state === 'refused' ? outcome.aadsts : null;
    const reason = outcome.state === 'unreadable' ? asTidemarkError(outcome.failure).message : null;
    const references = referencesOf(spec);
    if (await recordCredential(database, { ...of, state, aadsts, reason }, references)) await tell(spec.name, outcome, references[0]);
    if (outcome.state !== 'works') return;
    const expiry = await expiryOf(spec, outcome, http);
    if (expiry !== null) await recordExpiry(database, { ...of, ...expiry });
    await warn(of);
  };

  /** What an operator should see in the log of the connection. That all is well is no news. */
  const tell = async (connection: string, outcome: LoginOutcome, preferred: string | undefined): Promise<void> => {
    const message = newsOf(outcome, preferred);
    if (message !== null)
      await writeLog(database, { connection, run: null, level: 'warning', message, details: { reference: outcome.reference } });
  };

  /** null when it is not to be asked for now. */
  const expiryOf = async (spec: ConnectionSpec, { reference, clientId, credential, token }: Login, http: Http): Promise<Expiry | null> => {
    switch (credential.kind) {
      case 'managed':
      case 'workload':
        return { expiresAt: null, unknown: 'renewed by its platform' };
      case 'certificate':
        return { expiresAt: checkCertificate(credential.pem).validToDate.toISOString(), unknown: null };
      case 'secret': {
        const key = `${spec.name} ${reference}`;
        const digest = createHash('sha256').update(credential.secret).digest('hex');
        const before = looked.get(key);
        looked.set(key, digest);
        const changed = before !== undefined && before !== digest;
        if (!(await claimLook(database, { connection: spec.name, reference, changed }))) return null;
        const { graph } = endpointsOf(spec);
        return askSecretExpiry({ http, graph, clientId, token, secret: credential.secret });
      }
    }
  };

  const warn = async (of: { readonly connection: string; readonly reference: string }): Promise<void> => {
    const { connection, reference } = of;
    const { expiresAt } = (await readCredentials(database, connection)).find((row) => row.reference === reference) ?? { expiresAt: null };
    if (expiresAt === null) return;
    const threshold = thresholdOf(expiresAt, new Date());
    if (threshold === null || !(await claimWarning(database, { ...of, threshold }))) return;
    const message = `The credential ${reference} ${expiryInWords(expiresAt, new Date())}.`;
    const details = { reference, expiresAt, threshold };
    await writeLog(database, { connection, run: null, level: 'warning', message, details });
    logger.warn(message, { connection, ...details });
  };

  return {
    saw(spec, outcome, http) {
      const tail = (tails.get(spec.name) ?? Promise.resolve())
        .then(() => note(spec, outcome, http))
        .catch((error: unknown) => logger.debug('What a login has shown was not recorded.', { connection: spec.name, error }));
      tails.set(spec.name, tail);
    },
  };
}

function newsOf(outcome: LoginOutcome, preferred: string | undefined): string | null {
  const { reference } = outcome;
  switch (outcome.state) {
    case 'refused':
      return `The login refuses the credential ${reference}${outcome.aadsts === null ? '' : ` (AADSTS${outcome.aadsts})`}.`;
    case 'unreadable':
      return asTidemarkError(outcome.failure).message;
    case 'works':
      return reference === preferred ? null : `The credential ${reference} is used in place of ${preferred ?? 'another'}.`;
  }
}
