// Whom the clients trust: one TLS context for each set of authorities, shared by every connection that has the same.
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

/** Those in use, by what is trusted besides the runtime's certificates. */
const contexts = new Map<string | null, WeakRef<SecureContext>>();

/**
 * TLS 1.2 or later, trusting the runtime's certificates (NODE_EXTRA_CA_CERTS among them) and those of `ca`, in PEM.
 * Made once: parsing the runtime's certificates costs more than a handshake, and keeps over a megabyte for each.
 */
export function secureContextOf(ca: string | null): SecureContext {
  const known = contexts.get(ca)?.deref();
  if (known !== undefined) return known;
  const extra = ca === null ? {} : { ca: [...getCACertificates('default'), ca] };
  const context = createSecureContext({ minVersion: 'TLSv1.2', ...extra });
  contexts.set(ca, new WeakRef(context));
  return context;
}
