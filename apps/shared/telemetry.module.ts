import {
  Global,
  Inject,
  Module,
  type DynamicModule,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { SnsSqsMetrics } from 'nestjs-sns-sqs/prometheus';
import { Registry } from 'prom-client';
import { startTelemetry } from './telemetry.js';

/** Flushes what is recorded when the app has shut down. */
class Flush implements OnApplicationShutdown {
  constructor(private readonly flush: () => Promise<void>) {}

  onApplicationShutdown(): Promise<void> {
    return this.flush();
  }
}

/** Metrics for Prometheus in a `Registry`, and OpenTelemetry where a collector is named. */
@Global()
@Module({})
export class TelemetryModule implements OnModuleDestroy {
  static forService(service: string): DynamicModule {
    return {
      module: TelemetryModule,
      providers: [
        { provide: Flush, useFactory: () => new Flush(startTelemetry(service)) },
        { provide: Registry, useFactory: () => new Registry() },
        {
          provide: SnsSqsMetrics,
          inject: [Registry],
          useFactory: (registry: Registry) => new SnsSqsMetrics({ registry }),
        },
      ],
      exports: [Registry],
    };
  }

  constructor(@Inject(SnsSqsMetrics) private readonly metrics: SnsSqsMetrics) {}

  /** Two apps of one test have a registry each. */
  onModuleDestroy(): void {
    this.metrics.stop();
  }
}
