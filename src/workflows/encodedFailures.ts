// Failures whose message and stack trace are a payload, which the codec encrypts. In the bundle of workers with a key only (stack/workflowBundle).
import { DefaultFailureConverter } from '@temporalio/common';

export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
