export { startLocalBroker, type BrokerSnapshot, type LocalBroker, type LocalBrokerOptions } from './local-broker.js';
export { VirtualClock } from './core/virtual-clock.js';
export type { FaultCall, FaultEffect, FaultPlan, FaultRecord, FaultRule } from './faults/fault-plan.js';
export type { Clock, ClockTimer } from './core/clock.js';
export type { HistoryEvent } from './core/message.js';
export type { CallCounts, Inspection, MessageSnapshot, QueueSnapshot, SubscriptionSnapshot } from './inspection.js';
