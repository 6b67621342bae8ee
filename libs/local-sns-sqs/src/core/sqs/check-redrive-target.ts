import type { Broker } from '../broker.js';
import { invalidParameterValue } from '../errors.js';
import { parseRedriveAllowPolicy, parseRedrivePolicy } from '../queue/queue-attributes.js';

/** A dead letter queue must exist, be of its source's type, and allow this source. */
export function checkRedriveTarget(broker: Broker, sourceArn: string, fifo: boolean, value: string | undefined): void {
  if (!value) return;
  const { deadLetterTargetArn } = parseRedrivePolicy(value);
  const refuse = (reason: string): Error =>
    invalidParameterValue(`Value ${value} for parameter RedrivePolicy is invalid. Reason: ${reason}`);
  const target = broker.queueByArn(deadLetterTargetArn);
  if (!target) throw refuse(`Dead letter target does not exist.${broker.elsewhere(deadLetterTargetArn)}`);
  if (target.fifo !== fifo) {
    throw refuse('Dead-letter queue must be same type of queue as the source.');
  }
  const allow = target.attributes.get('RedriveAllowPolicy');
  if (!allow) return;
  const { redrivePermission, sourceQueueArns } = parseRedriveAllowPolicy(allow);
  const allowed =
    redrivePermission === 'allowAll' || (redrivePermission === 'byQueue' && sourceQueueArns.includes(sourceArn));
  if (!allowed) throw refuse('The dead letter queue does not allow this source queue: see its RedriveAllowPolicy.');
}
