// Takes a backlog of messages within the time that Temporal's SDK gives one Workflow Task (5 s): 10,000 signals, the most that a server takes for one
// execution, may have piled up while no worker ran, or while a script sent them faster than tasks end.
// The SDK notes for the UI's call stack where each promise was made, by an Error without arguments: four fifths of what a signal costs. While a backlog
// is taken, such an Error has no stack, and nothing is noted. That changes nothing of what a workflow does, so that replays need not know of it.
import type { WorkflowInterceptors } from '@temporalio/workflow';

/** From so many messages at once the call stack is worth less than the time. */
const backlogMessages = 100;

export function interceptors(): WorkflowInterceptors {
  const whole = globalThis.Error;
  const plain: ErrorConstructor = new Proxy(whole, {
    construct: (target, args: [string?, ErrorOptions?]) => (args.length === 0 ? {} : new target(...args)),
  });
  return {
    internals: [
      {
        activate(input, next) {
          if ((input.activation.jobs ?? []).length >= backlogMessages) globalThis.Error = plain;
          next(input);
        },
        // Comes after all that the messages set off. A task that fails before it takes this workflow's globals with it.
        concludeActivation(input, next) {
          globalThis.Error = whole;
          return next(input);
        },
      },
    ],
  };
}
