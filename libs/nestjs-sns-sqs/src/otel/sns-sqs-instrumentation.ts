import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { processTelemetry, setProcessTelemetry } from '../events/traced.js';
import { resolveOtelOptions, type OtelOptions } from './otel-options.js';
import { OtelTelemetry } from './otel-telemetry.js';
import { TRACER_NAME } from './names.js';
import { VERSION } from '../version.js';

export interface SnsSqsInstrumentationConfig extends OtelOptions {
  /** False: it traces nothing before `enable()`. @default true */
  enabled?: boolean | undefined;
}

/**
 * OpenTelemetry's way to instrument a library: traces every server and client of the process that has no option
 * `telemetry` of its own. The instrumentation patches nothing, so you may load it before or after Nest and this
 * library.
 * @example registerInstrumentations({ instrumentations: [new SnsSqsInstrumentation({ relation: 'link' })] });
 */
export class SnsSqsInstrumentation {
  readonly instrumentationName = TRACER_NAME;
  readonly instrumentationVersion = VERSION;
  private config: SnsSqsInstrumentationConfig;
  private telemetry: OtelTelemetry;
  private tracerProvider: TracerProvider | undefined;

  /** @throws {SnsSqsError} INVALID_OPTIONS: names every option that is wrong. */
  constructor(config: SnsSqsInstrumentationConfig = {}) {
    this.config = { ...config, enabled: config.enabled ?? true };
    this.telemetry = this.build();
    if (this.config.enabled) this.enable();
  }

  /** Traces from now on. One instrumentation at a time traces a process: the latest enabled one. */
  enable(): void {
    setProcessTelemetry(this.telemetry);
  }

  /** Traces nothing more; operations that have begun are still told. */
  disable(): void {
    if (processTelemetry() === this.telemetry) setProcessTelemetry(undefined);
  }

  setTracerProvider(provider: TracerProvider): void {
    this.tracerProvider = provider;
    this.telemetry.setTracerProvider(provider);
  }

  /** Metrics are `SnsSqsOtelMetrics`'s. */
  setMeterProvider(_provider: MeterProvider): void {
    // Called by registerInstrumentations().
  }

  getConfig(): SnsSqsInstrumentationConfig {
    return this.config;
  }

  /** @throws {SnsSqsError} INVALID_OPTIONS: names every option that is wrong. */
  setConfig(config: SnsSqsInstrumentationConfig): void {
    const wasEnabled = processTelemetry() === this.telemetry;
    this.config = { ...config, enabled: config.enabled ?? true };
    this.telemetry = this.build();
    if (wasEnabled) this.enable();
  }

  private build(): OtelTelemetry {
    const { enabled: _, ...options } = this.config;
    const telemetry = new OtelTelemetry(resolveOtelOptions('SnsSqsInstrumentation', options));
    if (this.tracerProvider) telemetry.setTracerProvider(this.tracerProvider);
    return telemetry;
  }
}
