// What the numbered answers of Microsoft's login mean, and what to do about each. Data.
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
export const aadstsHints: Readonly<Record<number, string>> = {
  7000215: "The client secret is wrong. Use the secret's value, not its ID, and check that it belongs to this clientId.",
  7000222: 'The client secret has expired. Make a new one (https://aka.ms/NewClientSecret) and put it where the reference points.',
  700016:
    'The application is not known in this tenant. Check clientId and tenantId, and that an administrator of the tenant has consented to the application.',
  90002: 'The tenant does not exist in this cloud. Check tenantId and cloud.',
  90038: 'The tenant is in another national cloud. Set cloud to the one it is in.',
  900382: 'The tenant is in another national cloud. Set cloud to the one it is in.',
  900432: 'The tenant is in another national cloud. Set cloud to the one it is in.',
  53003:
    'Conditional Access blocks the token. Exclude this workload identity from the policy, or let the worker run from an allowed location.',
  700027:
    "The certificate's signature was refused. Upload the certificate of clientCertificate to the application, and check that it has not expired.",
  500011: 'The API is not known in this tenant. Check cloud and endpoints.graph: the scope is made from them.',
  70011: 'The scope is not valid. Check cloud and endpoints.graph: the scope is made from them.',
  90013: 'The tenant id is malformed. Check tenantId: a GUID or a verified domain.',
  900023: 'The tenant id is malformed. Check tenantId: a GUID or a verified domain.',
  65001: "Consent is missing. An administrator has to consent to the application's permissions.",
  90094: "An administrator's consent is missing. An administrator has to consent to the application's permissions.",
};

/** The login service's own troubles: trying again unchanged can succeed. */
export const aadstsTransient: ReadonlySet<number> = new Set([90024, 90033, 90055, 50033]);
