// What operators do with Temporal's own tools, all on one stack: what they send, what they do to it from outside, and what they read of it under a key.
import { startSite, stopSite } from './site.ts';
import './messages.ts';
import './recovery.ts';
import './codec.ts';

beforeAll(startSite, 120_000);
afterAll(stopSite, 60_000);
