// The first answer of a registry, which tells whether it wants tokens: one request asks for it, the others wait, so that one challenge serves all.
import type { HttpAnswer } from '../http.ts';
import { orAborted } from '../orAborted.ts';

export type AfterFirst = (ask: () => Promise<HttpAnswer>, signal: AbortSignal) => Promise<HttpAnswer>;

/** Lets one through at a time until one has its answer, then all. An answer that only says to come again later tells nothing. */
export function createAfterFirst(): AfterFirst {
  let told = false;
  let first: Promise<void> | null = null;
  const learn = ({ status }: HttpAnswer): void => {
    told = status < 500 && status !== 429;
    first = null;
  };
  return async (ask, signal) => {
    while (!told && first !== null) await orAborted(first, signal);
    if (told) return ask();
    const answer = ask();
    first = answer.then(learn, () => void (first = null));
    return answer;
  };
}
