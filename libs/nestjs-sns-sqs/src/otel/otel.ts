import type { Telemetry } from '../interfaces/telemetry.interface.js';
import { resolveOtelOptions, type OtelOptions } from './otel-options.js';
import { OtelTelemetry } from './otel-telemetry.js';

/**
 * Traces with OpenTelemetry what a server or client does: its option `telemetry`. These operations are not traced again by
 * `SnsSqsInstrumentation`. Without a registered SDK nothing is recorded.
 * @example SnsSqsModule.forRoot({ service: 'users', telemetry: otel({ relation: 'both' }) })
 * @throws {SnsSqsError} INVALID_OPTIONS: names every option that is wrong.
 */
export const otel = (options: OtelOptions = {}): Telemetry => new OtelTelemetry(resolveOtelOptions('otel()', options));
