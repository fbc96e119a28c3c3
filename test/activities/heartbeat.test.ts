// The heartbeat says that work moves: it stops when nothing does, waits when told, and hands on cancellation and draining.
import { once } from 'node:events';
import { type Heartbeat, withHeartbeat } from '../../src/activities/heartbeat.ts';
import { inActivity } from './context.ts';

const never = new AbortController().signal;

/** Work that ends with what its signal was aborted by. */
const untilAborted = async ({ signal }: Heartbeat): Promise<string> => {
  if (!signal.aborted) await once(signal, 'abort');
  return 'ended';
};

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const timings = { stallMs: 10_000, heartbeatTimeoutMs: 60_000 };

test('beats at once and then every second while work moves', async () => {
  let beats = 0;
  const ended = new AbortController();
  const running = inActivity({ onHeartbeat: () => (beats += 1) }, () =>
    withHeartbeat(timings, never, async ({ alive }) => {
      const timer = setInterval(() => alive(), 5_000);
      await once(ended.signal, 'abort');
      clearInterval(timer);
      return 'done';
    }),
  );
  expect(beats).toBe(1);
  await jest.advanceTimersByTimeAsync(60_000);
  expect(beats).toBe(61);
  ended.abort();
  expect(await running).toBe('done');
  await jest.advanceTimersByTimeAsync(60_000);
  expect(beats).toBe(61);
});

test('stops when nothing moved, and ends the attempt as unavailable', async () => {
  let beats = 0;
  const running = inActivity({ onHeartbeat: () => (beats += 1) }, () => withHeartbeat(timings, never, untilAborted)).catch(
    (error: unknown) => error,
  );
  await jest.advanceTimersByTimeAsync(60_000);
  expect(beats).toBe(10);
  expect(await running).toMatchObject({ code: 'SOURCE_UNAVAILABLE', message: 'Nothing moved for 10 s; the attempt was given up.' });
});

test('a declared wait is no stall, until it is over', async () => {
  let beats = 0;
  const running = inActivity({ onHeartbeat: () => (beats += 1) }, () =>
    withHeartbeat(timings, never, (heartbeat) => {
      heartbeat.alive(50_000);
      return untilAborted(heartbeat);
    }),
  ).catch((error: unknown) => error);
  await jest.advanceTimersByTimeAsync(59_000);
  expect(beats).toBe(60);
  await jest.advanceTimersByTimeAsync(10_000);
  expect(beats).toBe(60);
  expect(await running).toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
});

test.each(['cancelled', 'draining'] as const)('work that is %s ends by itself', async (which) => {
  const controller = new AbortController();
  const { signal } = controller;
  const running = inActivity(which === 'cancelled' ? { cancelled: signal } : {}, () =>
    withHeartbeat(timings, which === 'draining' ? signal : never, untilAborted),
  );
  controller.abort();
  expect(await running).toBe('ended');
});

test('beats three times as often as a short timeout asks for', async () => {
  let beats = 0;
  const running = inActivity({ onHeartbeat: () => (beats += 1) }, () =>
    withHeartbeat({ ...timings, heartbeatTimeoutMs: 600 }, never, untilAborted),
  );
  running.catch(() => undefined);
  await jest.advanceTimersByTimeAsync(2_000);
  expect(beats).toBe(11);
  await jest.advanceTimersByTimeAsync(20_000);
  await expect(running).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
});
