import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { AwsConfig } from './endpoint.js';

export interface Call {
  operation: string;
  input: Readonly<Record<string, unknown>>;
}

/** Gives an error for the calls that are to fail before they leave the process. */
export type Fault = (call: Call) => Error | undefined;

/** AWS clients that write down their calls and, where a fault is given, fail some of them. */
export function spiedClients(
  aws: AwsConfig,
  fault: Fault = () => undefined,
): { sqs: SQSClient; sns: SNSClient; calls: Call[] } {
  const sqs = new SQSClient(aws);
  const sns = new SNSClient(aws);
  const calls: Call[] = [];
  const note = (commandName: string | undefined, input: object): void => {
    const call = { operation: (commandName ?? '').replace(/Command$/, ''), input: { ...input } };
    calls.push(call);
    const error = fault(call);
    if (error) throw error;
  };
  sqs.middlewareStack.add(
    (next, context) => args => {
      note(context.commandName, args.input);
      return next(args);
    },
    { step: 'initialize', priority: 'high' },
  );
  sns.middlewareStack.add(
    (next, context) => args => {
      note(context.commandName, args.input);
      return next(args);
    },
    { step: 'initialize', priority: 'high' },
  );
  return { sqs, sns, calls };
}

/** An error as the SDK throws it. */
export function awsError(name: string, message: string, httpStatusCode = 500): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });
}

interface BatchEntry {
  Id?: string;
  Message?: string;
  MessageBody?: string;
}

interface BatchInput {
  PublishBatchRequestEntries?: BatchEntry[];
  Entries?: BatchEntry[];
}

/** Makes AWS seem to fail, once each, the batch entries whose body is `chosen`, and carry out the others. */
export function failEntriesOnce(client: SQSClient | SNSClient, chosen: (body: string) => boolean): void {
  const failed = new Set<string>();
  const isToFail = ({ Message, MessageBody }: BatchEntry): boolean => {
    const body = Message ?? MessageBody ?? '';
    if (!chosen(body) || failed.has(body)) return false;
    failed.add(body);
    return true;
  };
  // Both clients' stacks take the same middleware; only their input and output types differ.
  const stack = client.middlewareStack as SQSClient['middlewareStack'];
  stack.add(
    next => async args => {
      const input = args.input as BatchInput;
      const key = input.PublishBatchRequestEntries ? 'PublishBatchRequestEntries' : 'Entries';
      const entries = input[key];
      if (!entries) return next(args);
      const failures = entries.filter(isToFail);
      if (failures.length === 0) return next(args);
      const rest = entries.filter(entry => !failures.includes(entry));
      const Failed = failures.map(({ Id }) => ({
        Id,
        Code: 'InternalError',
        Message: 'try again',
        SenderFault: false,
      }));
      if (rest.length === 0) {
        return { response: {}, output: { $metadata: {}, Successful: [], Failed } };
      }
      const result = await next({ ...args, input: { ...args.input, [key]: rest } });
      Object.assign(result.output, { Failed });
      return result;
    },
    { step: 'initialize', priority: 'low' },
  );
}
