// What pause, resume and cancel print: whether it was done, and otherwise why there was nothing to do.
import type { DoneAnswer } from '../../workflows/messages.ts';
import type { Output } from '../output.ts';

/** `what` names the thing and `done` the deed: "contoso-identity paused". */
export async function printDone(output: Output, what: string, deed: string, answer: DoneAnswer): Promise<void> {
  const row = { name: what, ...answer };
  await output.one(row, {
    text: () => (answer.done ? `${what} ${deed}` : `${what} not ${deed}${answer.note === null ? '' : `: ${answer.note}`}`),
    rows: [row],
    columns: [
      { title: 'name', value: ({ name }) => name },
      { title: 'done', value: ({ done }) => done },
      { title: 'note', value: ({ note }) => note },
    ],
  });
}
