// Traces of runs by OpenTelemetry (OTEL_EXPORTER_OTLP_ENDPOINT): the SDK's interceptors on the activities and the client; every workflow run is one trace.
// Its interceptors of workflows are left out: they change the order of steps, so that histories recorded without them do not all replay.
// Imported only where an exporter is configured. MUST add ids and names only: spans leave this machine.
import { type Context, type ContextManager, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { envDetectorSync, Resource } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, type IdGenerator, RandomIdGenerator } from '@opentelemetry/sdk-trace-base';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry/lib/client/index.js';
import { OpenTelemetryActivityInboundInterceptor } from '@temporalio/interceptors-opentelemetry/lib/worker/index.js';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import type { ActivityInboundCallsInterceptor, ActivityInterceptors, WorkerOptions } from '@temporalio/worker';
import { AsyncLocalStorage } from 'node:async_hooks';
import { placeOf } from '../log.ts';

export interface Tracing {
  readonly client: WorkflowClientInterceptor;
  readonly worker: Pick<WorkerOptions, 'interceptors'>;
  /** Sends what is left. Never throws. */
  end(): Promise<void>;
}

/** `url`: where OTLP over HTTP takes traces. Headers, time-outs and resource attributes are read by the libraries (OTEL_*). */
export function startTracing(url: string, version: string): Tracing {
  const resource = new Resource({ 'service.name': 'tidemark-worker', 'service.version': version }).merge(envDetectorSync.detect());
  const spanProcessors = [new BatchSpanProcessor(new OTLPTraceExporter({ url }))];
  const workflowRuns = new AsyncLocalStorage<string>();
  const provider = new BasicTracerProvider({ resource, spanProcessors, idGenerator: tracesByRun(workflowRuns) });
  provider.register({ contextManager: new AsyncContextManager() });
  return {
    client: new OpenTelemetryWorkflowClientInterceptor(),
    worker: {
      interceptors: {
        activity: [
          ({ info }): ActivityInterceptors => ({
            inbound: { execute: (input, next) => workflowRuns.run(info.workflowExecution?.runId ?? '', () => next(input)) },
          }),
          (context): ActivityInterceptors => ({ inbound: new OpenTelemetryActivityInboundInterceptor(context) }),
          (): ActivityInterceptors => ({ inbound: naming }),
        ],
      },
    },
    end: () => provider.shutdown().catch(() => undefined),
  };
}

/** Says what an activity is about. */
const naming: ActivityInboundCallsInterceptor = {
  execute(input, next) {
    const { connection, run, stream } = placeOf(input.args[0]);
    trace.getActiveSpan()?.setAttributes({ 'tidemark.connection': connection, 'tidemark.run': run, 'tidemark.stream': stream });
    return next(input);
  },
};

/** The id of a workflow's execution is a UUID: as many digits as the id of a trace has. */
function tracesByRun(workflowRuns: AsyncLocalStorage<string>): IdGenerator {
  const random = new RandomIdGenerator();
  return {
    generateTraceId: () => /^[0-9a-f]{32}$/.exec(workflowRuns.getStore()?.replaceAll('-', '') ?? '')?.[0] ?? random.generateTraceId(),
    generateSpanId: () => random.generateSpanId(),
  };
}

/** The current span, across everything that is awaited. */
class AsyncContextManager implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();

  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    of: Context,
    act: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#storage.run(of, () => act.call(thisArg, ...args));
  }

  /** Nobody here hands a function to what keeps no context. */
  bind<T>(_of: Context, target: T): T {
    return target;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    this.#storage.disable();
    return this;
  }
}
