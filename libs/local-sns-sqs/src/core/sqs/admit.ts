import type { Broker } from '../broker.js';
import { accessDenied } from '../errors.js';
import type { Call } from '../operation.js';
import { judge } from '../policy/policy.js';
import type { Queue } from '../queue/queue.js';

/** What can be told of a caller. Conditions on other keys (its address, its role, …) neither deny nor allow here. */
const KNOWN_KEYS: ReadonlySet<string> = new Set([
  'aws:principalaccount',
  'aws:principalisawsservice',
  'aws:principalservicename',
  'aws:securetransport',
  'aws:sourceaccount',
  'aws:sourcearn',
  'aws:sourceowner',
]);

/**
 * Lets a caller in, by the queue's policy (sqs-overview-of-managing-access): a Deny keeps everyone out whom it names;
 * another account needs an Allow. The broker knows the account of a caller, and no more. A queue without a policy lets everyone in.
 * @param action without its service, e.g. `SendMessage`; batches are allowed and denied with it
 */
export function admit(broker: Broker, queue: Queue, call: Call, action: string): void {
  if (queue.policy.length === 0) return;
  const account = call.account ?? broker.accountId;
  const verdict = judge(queue.policy, {
    principals: [`AWS:${account}`, `AWS:arn:aws:iam::${account}:root`],
    action: `sqs:${action}`,
    resource: queue.arn,
    context: new Map([
      ['aws:principalaccount', account],
      ['aws:principalisawsservice', 'false'],
      // As if it were: policies refuse what is not encrypted on its way, and that is not meant for a local broker.
      ['aws:securetransport', 'true'],
    ]),
    known: KNOWN_KEYS,
  });
  if (verdict === 'denied') {
    throw accessDenied(account, action, queue.arn, 'with an explicit deny in a resource-based policy');
  }
  if (verdict === 'unsaid' && account !== broker.accountId) {
    throw accessDenied(account, action, queue.arn, `because no resource-based policy allows the sqs:${action} action`);
  }
}
