// Traces of runs by OpenTelemetry (OTEL_EXPORTER_OTLP_ENDPOINT): the SDK's interceptors on the client, the workflows and the activities.
// Imported only where an exporter is configured. MUST add ids and names only: spans leave this machine.
import { type Context, context, type ContextManager, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { envDetectorSync, Resource } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry/lib/client/index.js';
import { makeWorkflowExporter, OpenTelemetryActivityInboundInterceptor } from '@temporalio/interceptors-opentelemetry/lib/worker/index.js';
import type { ActivityInboundCallsInterceptor, WorkerOptions } from '@temporalio/worker';
import { AsyncLocalStorage } from 'node:async_hooks';
import { placeOf } from '../log.ts';

export interface Tracing {
  readonly client: WorkflowClientInterceptor;
  readonly worker: Pick<WorkerOptions, 'sinks' | 'interceptors'>;
  /** Sends what is left. Never throws. */
  end(): Promise<void>;
}

/** `url`: where OTLP over HTTP takes traces. Headers, time-outs and resource attributes are read by the libraries (OTEL_*). */
export function startTracing(url: string, version: string): Tracing {
  const resource = new Resource({ 'service.name': 'tidemark-worker', 'service.version': version }).merge(envDetectorSync.detect());
  const processor = new BatchSpanProcessor(new OTLPTraceExporter({ url }));
  const provider = new BasicTracerProvider({ resource, spanProcessors: [processor] });
  context.setGlobalContextManager(new AsyncContextManager());
  trace.setGlobalTracerProvider(provider);
  const tagging: ActivityInboundCallsInterceptor = {
    execute(input, next) {
      const { connection, run, stream } = placeOf(input.args[0]);
      trace.getActiveSpan()?.setAttributes({ 'tidemark.connection': connection, 'tidemark.run': run, 'tidemark.stream': stream });
      return next(input);
    },
  };
  return {
    client: new OpenTelemetryWorkflowClientInterceptor(),
    worker: {
      sinks: { exporter: makeWorkflowExporter(processor, resource) },
      interceptors: {
        activity: [(ctx) => ({ inbound: new OpenTelemetryActivityInboundInterceptor(ctx) }), () => ({ inbound: tagging })],
      },
    },
    end: () => provider.shutdown().catch(() => undefined),
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
