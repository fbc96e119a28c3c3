// The workflow types, under the names that Temporal knows them by. The worker bundles this file.
export { connection } from './connection.ts';
export { fulfil } from './fulfil.ts';
export { pull } from './pull.ts';
export { reconcile } from './reconcile.ts';
export { scheduledPull } from './scheduledPull.ts';
export { testConnection } from './testConnection.ts';
