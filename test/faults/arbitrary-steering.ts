import * as fc from 'fast-check';
import type { CircuitBreakerOptions, RateLimitOptions } from '#lib/interfaces/steering-options.interface.js';
import type { LimitByKey, ScheduledBatch, SharedSteering } from './schedule.ts';

export const rateLimit: fc.Arbitrary<RateLimitOptions> = fc.record({
  messages: fc.integer({ min: 1, max: 20 }),
  perSeconds: fc.integer({ min: 1, max: 10 }),
});

export const circuitBreaker: fc.Arbitrary<CircuitBreakerOptions> = fc.record({
  failures: fc.constantFrom(0.3, 0.5, 1),
  of: fc.integer({ min: 2, max: 5 }),
  pauseSeconds: fc.constantFrom(1, 10, 60),
});

export const batch: fc.Arbitrary<ScheduledBatch> = fc.record({
  size: fc.constantFrom(2, 3, 5, 12),
  windowMs: fc.constantFrom(0, 200, 5_000, 60_000),
  isWhole: fc.boolean(),
  since: fc.constantFrom(0, 0, 1),
});

export const sharing: fc.Arbitrary<SharedSteering> = fc.record({ rate: fc.boolean(), pauses: fc.boolean() });

/** A dozen messages have to wait at it, and not for hours. */
export const limitByKey: fc.Arbitrary<LimitByKey> = fc.record({
  by: fc.constantFrom('group', 'mixed'),
  messages: fc.integer({ min: 1, max: 3 }),
  perSeconds: fc.constantFrom(1, 3, 10, 120),
  shared: fc.boolean(),
});
