export interface Load {
  events: number;
  useCases: number;
  commands: number;
  queues: number;
  fifoQueues: number;
  instances: number;
  fill: number;
  waitSeconds?: number;
}
export const PRICES: Record<string, number>;
export function monthlyCost(load: Load): Record<'publish' | 'standard' | 'fifo' | 'looks' | 'total', number>;
