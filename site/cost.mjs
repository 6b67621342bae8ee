/** AWS's list prices in US dollars for us-east-1, without the free tier, read in November 2026. */
export const PRICES = { sqsStandard: 0.4, sqsFifo: 0.5, snsPublish: 0.5, snsApi: 0.5 };
const MILLION = 1_000_000;
const SECONDS_PER_MONTH = 30 * 24 * 3_600;
const BATCH = 10;

/**
 * What a service costs in a month of 30 days. `events` and `commands` a month, of at most 64 KB; `useCases` that react to
 * an event; `instances` of each consumer; `queues` that they poll; `fill` of a batch, from 1 (nothing shares a call) to 10.
 */
export function monthlyCost({ events, useCases, commands, queues, fifoQueues, instances, fill, waitSeconds = 20 }) {
  const perBatch = Math.min(BATCH, Math.max(1, fill));
  const polls = (SECONDS_PER_MONTH / waitSeconds) * instances;
  const deliveries = events * useCases;
  const standardCalls = queues * polls + (2 * deliveries) / perBatch;
  const fifoCalls = fifoQueues * polls + (3 * commands) / perBatch;
  const looks = queues * instances * (SECONDS_PER_MONTH / 60);
  const cost = {
    publish: (events / MILLION) * PRICES.snsPublish,
    standard: (standardCalls / MILLION) * PRICES.sqsStandard,
    fifo: (fifoCalls / MILLION) * PRICES.sqsFifo,
    looks: (looks / MILLION) * PRICES.snsApi,
  };
  return { ...cost, total: cost.publish + cost.standard + cost.fifo + cost.looks };
}
