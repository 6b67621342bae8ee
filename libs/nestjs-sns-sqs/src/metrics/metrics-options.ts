import { z } from '../options/schema.js';

/** What every exporter of metrics takes. */
export interface MetricsOptions {
  /**
   * How often the depth of the queues and their dead-letter queues is asked for, in seconds, 10 to 3,600. Two calls for
   * each queue, which cost money: set it in one process of a service. It needs `sqs:GetQueueAttributes`.
   * @default never
   */
  depthEverySeconds?: number | undefined;
}

export const metricsShape = {
  depthEverySeconds: z.number().min(10).max(3_600).optional(),
};
