export { startLocalBroker, type LocalBroker, type LocalBrokerOptions } from './local-broker.js';
export { VirtualClock } from './core/virtual-clock.js';
export type { Clock, ClockTimer } from './core/clock.js';
export type { CallCounts, Inspection, MessageSnapshot, QueueSnapshot, SubscriptionSnapshot } from './inspection.js';
