// Whom the clients trust: one TLS context for each set of authorities, shared by every connection that has the same and says not who it is.
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

/** Those in use, by what is trusted besides the runtime's certificates. */
const contexts = new Map<string | null, WeakRef<SecureContext>>();

interface Trust {
  /** PEM certificates trusted besides those of the runtime. */
  readonly ca: string | null;
  /** PEM of the certificate, with its key, by which this side says who it is. */
  readonly client?: string | null;
}

/**
 * TLS 1.2 or later, trusting the runtime's certificates (NODE_EXTRA_CA_CERTS among them) and those of `ca`, in PEM.
 * Made once: parsing the runtime's certificates costs more than a handshake, and keeps over a megabyte for each.
 */
export function secureContextOf({ ca, client = null }: Trust): SecureContext {
  const known = client === null ? contexts.get(ca)?.deref() : undefined;
  if (known !== undefined) return known;
  const extra = ca === null ? {} : { ca: [...getCACertificates('default'), ca] };
  const own = client === null ? {} : { cert: client, key: client };
  const context = createSecureContext({ minVersion: 'TLSv1.2', ...extra, ...own });
  if (client !== null) return context;
  contexts.set(ca, new WeakRef(context));
  return context;
}
