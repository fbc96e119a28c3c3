// One suite for every database the store runs on. Races are in test/store/races.test.ts: they need a server with many backends.
import { stores } from '../support/stores.ts';
import type { StartedStore } from '../support/stores.ts';
import { admissionContract } from './store/admission.ts';
import { changesContract } from './store/changes.ts';
import { connectionsContract } from './store/connections.ts';
import { countsContract } from './store/counts.ts';
import { credentialsContract } from './store/credentials.ts';
import { databaseContract } from './store/database.ts';
import { eventsContract } from './store/events.ts';
import { findingsContract } from './store/findings.ts';
import { heldContract } from './store/held.ts';
import { identitiesContract } from './store/identities.ts';
import { ledgerContract } from './store/ledger.ts';
import { mapsContract } from './store/maps.ts';
import { pagesContract } from './store/pages.ts';
import { removalsContract } from './store/removals.ts';
import { runsContract } from './store/runs.ts';
import { searchContract } from './store/search.ts';
import { secretsContract } from './store/secrets.ts';
import { textContract } from './store/text.ts';
import { walksContract } from './store/walks.ts';

for (const [name, start, present] of stores) {
  (present ? describe : describe.skip)(`store on ${name}`, () => {
    let started: StartedStore;
    const store = (): StartedStore => started;

    beforeAll(async () => {
      started = await start();
    });
    afterAll(() => started?.stop());

    describe('database', () => {
      databaseContract(store);
    });
    describe('text', () => {
      textContract(store);
    });
    describe('connections', () => {
      connectionsContract(store);
    });
    describe('maps', () => {
      mapsContract(store);
    });
    describe('runs', () => {
      runsContract(store);
    });
    describe('admission', () => {
      admissionContract(store);
    });
    describe('walks', () => {
      walksContract(store);
    });
    describe('pages', () => {
      pagesContract(store);
    });
    describe('removals', () => {
      removalsContract(store);
    });
    describe('held', () => {
      heldContract(store);
    });
    describe('events', () => {
      eventsContract(store);
    });
    describe('findings', () => {
      findingsContract(store);
    });
    describe('identities', () => {
      identitiesContract(store);
    });
    describe('counts', () => {
      countsContract(store);
    });
    describe('changes', () => {
      // The embedded one is slow with so many, and what they are read by is the same.
      changesContract(store, name === 'PostgreSQL' ? 20_050 : 1_050);
    });
    describe('credentials', () => {
      credentialsContract(store);
    });
    describe('secrets', () => {
      secretsContract(store);
    });
    describe('ledger', () => {
      ledgerContract(store);
    });
    describe('search', () => {
      searchContract(store);
    });
  });
}
