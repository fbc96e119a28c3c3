// What the numbered answers of Microsoft's login mean, and what to do about each. Data.
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
import type { Advice } from '../model.ts';

const otherCloud: Advice = { cause: 'The tenant is in another national cloud.', fix: 'Set cloud to the one it is in.' };
const malformed: Advice = { cause: 'The tenant id is malformed.', fix: 'Check tenantId: a GUID or a verified domain of the tenant.' };
const scope = 'Check cloud and endpoints.graph: the scope is made from them.';
const consent: Advice = {
  cause: "An administrator's consent is missing.",
  fix: 'In the app registration, under API permissions, click "Grant admin consent"; a green check mark shows that a permission is granted.',
};

export const aadsts: Readonly<Record<number, Advice>> = {
  7000215: {
    cause: 'The client secret is wrong.',
    fix: "Use the secret's value, not its ID, and check that it belongs to this clientId; otherwise make a new one under Certificates & secrets of the app registration, and put it where the reference points.",
  },
  7000222: {
    cause: 'The client secret has expired.',
    fix: 'Make a new one (https://aka.ms/NewClientSecret) and put it where the reference points.',
  },
  700016: {
    cause: 'The application is not known in this tenant.',
    fix: 'Check clientId and tenantId, and that an administrator of the tenant has consented to the application.',
  },
  90002: { cause: 'The tenant does not exist in this cloud.', fix: 'Check tenantId and cloud.' },
  90038: otherCloud,
  900382: otherCloud,
  900432: otherCloud,
  53003: {
    cause: 'Conditional Access blocks the token.',
    fix: 'Exclude this workload identity from the policy, or let the worker run from an allowed location.',
  },
  700027: {
    cause: "The certificate's signature was refused.",
    fix: 'Upload the certificate of clientCertificate to the application, and check that it has not expired.',
  },
  70021: {
    cause: 'No federated credential of the application matches the token of the worker.',
    fix: 'Compare its issuer, subject and audience with the federated credentials of the app registration.',
  },
  700211: {
    cause: "No federated credential of the application has the issuer of the worker's token.",
    fix: "Enter the platform's issuer URL in the app registration, exactly as the platform has it.",
  },
  700212: {
    cause: "No federated credential of the application has the audience of the worker's token.",
    fix: 'Enter api://AzureADTokenExchange on both sides.',
  },
  700213: {
    cause: "No federated credential of the application has the subject of the worker's token.",
    fix: 'On Kubernetes it is system:serviceaccount:NAMESPACE:NAME; letter case counts.',
  },
  700024: {
    cause: 'The assertion is not within its time.',
    fix: "Check the clocks of the worker and the platform, and that the platform renews the token's file.",
  },
  50013: {
    cause: "The signature of the worker's token was refused.",
    fix: "Check that the issuer's keys can be read from the internet, and that the token is of that issuer.",
  },
  500011: { cause: 'The API is not known in this tenant.', fix: scope },
  70011: { cause: 'The scope is not valid.', fix: scope },
  90013: malformed,
  900023: malformed,
  65001: consent,
  90094: consent,
};

/** The login service's own troubles: trying again unchanged can succeed. */
export const aadstsTransient: ReadonlySet<number> = new Set([90024, 90033, 90055, 50033]);
