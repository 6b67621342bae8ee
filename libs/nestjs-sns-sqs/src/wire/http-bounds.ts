/**
 * How long a connection may say nothing, in milliseconds, before its call has failed and is tried again. Where a NAT
 * or a load balancer has forgotten a connection nothing ever ends it, and the SDK's own bounds are 15 minutes for SQS
 * and 5 for SNS, none before 2026: a queue's only receive would be deaf as long. A long poll is silent for up to 20 s.
 */
export const SILENCE_MS = { call: 10_000, longPoll: 30_000 };
export const CONNECT_MS = 5_000;
