// How many requests one registry gets at a time: half as many after each refusal, one more after a row of answers. Other registries have their own.
import type { HttpAnswer } from '../http.ts';

/** So many answers in a row at the current width allow one request more. */
const answersToWiden = 10;

export interface Limiter {
  /** Runs the request when its turn comes. An aborted signal ends the wait with its own reason. */
  run(send: () => Promise<HttpAnswer>, signal: AbortSignal): Promise<HttpAnswer>;
  /** How many may run now. */
  width(): number;
}

export function createLimiter(most: number): Limiter {
  const waiting: (() => void)[] = [];
  let width = most;
  let running = 0;
  let answers = 0;
  /** Moves with each narrowing: requests sent before it say nothing new. */
  let era = 0;

  const wake = (): void => {
    while (running < width && waiting.length > 0) {
      running += 1;
      waiting.shift()?.();
    }
  };
  const turn = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    const left = await new Promise<boolean>((resolve) => {
      const begin = (): void => {
        signal.removeEventListener('abort', leave);
        resolve(false);
      };
      const leave = (): void => {
        waiting.splice(waiting.indexOf(begin), 1);
        resolve(true);
      };
      signal.addEventListener('abort', leave, { once: true });
      waiting.push(begin);
      wake();
    });
    if (left) signal.throwIfAborted();
  };
  const learn = (status: number, sentIn: number): void => {
    if (sentIn !== era) return;
    if (status === 429 || status === 503) {
      width = Math.max(1, Math.floor(width / 2));
      era += 1;
      answers = 0;
    } else if (width < most && ++answers >= answersToWiden) {
      width += 1;
      answers = 0;
    }
  };

  return {
    async run(send, signal) {
      await turn(signal);
      const sentIn = era;
      try {
        const answer = await send();
        learn(answer.status, sentIn);
        return answer;
      } finally {
        running -= 1;
        wake();
      }
    },
    width: () => width,
  };
}
