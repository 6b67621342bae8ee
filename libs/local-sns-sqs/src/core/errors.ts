/**
 * A refusal in AWS's words. `code` is the shape's name, `queryCode` the older name that some SDKs still show. SQS
 * answers client errors with 400, but for some that have another status in its older protocol.
 */
export class AwsError extends Error {
  readonly code: string;
  readonly queryCode: string;
  readonly status: number;
  readonly queryStatus: number;
  /** What the older protocol says, where it says something else. */
  readonly queryMessage: string;
  readonly senderFault: boolean;

  constructor(
    code: string,
    message: string,
    options: {
      status?: number;
      queryStatus?: number;
      queryCode?: string;
      queryMessage?: string;
      senderFault?: boolean;
    } = {},
  ) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = options.status ?? 400;
    this.queryStatus = options.queryStatus ?? this.status;
    this.queryCode = options.queryCode ?? code;
    this.queryMessage = options.queryMessage ?? message;
    this.senderFault = options.senderFault ?? true;
  }
}

const SIMPLE_QUEUE_SERVICE = 'AWS.SimpleQueueService.';

const sqs = (code: string, message: string, queryStatus = 400): AwsError =>
  new AwsError(code, message, { queryStatus, queryCode: SIMPLE_QUEUE_SERVICE + code });

export const missingParameter = (name: string): AwsError =>
  new AwsError('MissingParameter', `The request must contain the parameter ${name}.`);

export const invalidParameterValue = (message: string): AwsError => new AwsError('InvalidParameterValue', message);

export const invalidValue = (value: unknown, parameter: string, reason: string): AwsError =>
  invalidParameterValue(`Value ${String(value)} for parameter ${parameter} is invalid. Reason: ${reason}`);

export const serializationError = (message: string): AwsError => new AwsError('SerializationException', message);

/** @param hint what else there is to say, with a blank before it */
export const queueDoesNotExist = (hint = ''): AwsError =>
  new AwsError('QueueDoesNotExist', `The specified queue does not exist.${hint}`, {
    queryCode: `${SIMPLE_QUEUE_SERVICE}NonExistentQueue`,
    queryMessage: `The specified queue does not exist for this wsdl version.${hint}`,
  });

export const queueNameExists = (attribute: string): AwsError =>
  new AwsError(
    'QueueNameExists',
    `A queue already exists with the same name and a different value for attribute ${attribute}`,
    { queryCode: 'QueueAlreadyExists' },
  );

export const queueDeletedRecently = (): AwsError =>
  sqs(
    'QueueDeletedRecently',
    'You must wait 60 seconds after deleting a queue before you can create another with the same name.',
  );

export const purgeQueueInProgress = (queue: string): AwsError =>
  sqs('PurgeQueueInProgress', `Only one PurgeQueue operation on ${queue} is allowed every 60 seconds.`, 403);

export const unknownAttribute = (name: string): AwsError =>
  new AwsError('InvalidAttributeName', `Unknown Attribute ${name}.`);

export const invalidAttributeValue = (name: string, reason?: string): AwsError =>
  new AwsError(
    'InvalidAttributeValue',
    `Invalid value for the parameter ${name}.${reason ? ` Reason: ${reason}` : ''}`,
  );

export const receiptHandleIsInvalid = (handle: string): AwsError =>
  new AwsError('ReceiptHandleIsInvalid', `The input receipt handle "${handle}" is not a valid receipt handle.`, {
    queryStatus: 404,
  });

export const receiptHandleExpired = (handle: string): AwsError =>
  invalidValue(handle, 'ReceiptHandle', 'The receipt handle has expired.');

export const messageNotInflight = (): AwsError => sqs('MessageNotInflight', 'The specified message is not in flight.');

export const overLimit = (message: string): AwsError => new AwsError('OverLimit', message, { queryStatus: 403 });

export const invalidMessageContents = (): AwsError =>
  new AwsError(
    'InvalidMessageContents',
    'Invalid binary character was found in the message body; the allowed set is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF.',
  );

export const emptyBatchRequest = (entry: string): AwsError =>
  sqs('EmptyBatchRequest', `There should be at least one ${entry} in the request.`);

export const tooManyEntries = (count: number): AwsError =>
  sqs('TooManyEntriesInBatchRequest', `Maximum number of entries per request are 10. You have sent ${count}.`);

export const batchEntryIdsNotDistinct = (id: string): AwsError => sqs('BatchEntryIdsNotDistinct', `Id ${id} repeated.`);

export const invalidBatchEntryId = (): AwsError =>
  sqs(
    'InvalidBatchEntryId',
    'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
  );

export const batchRequestTooLong = (limit: number, bytes: number): AwsError =>
  sqs('BatchRequestTooLong', `Batch requests cannot be longer than ${limit} bytes. You have sent ${bytes} bytes.`);

export const accessDenied = (account: string, action: string, resource: string, reason: string): AwsError =>
  new AwsError(
    'AccessDenied',
    `User: arn:aws:iam::${account}:root is not authorized to perform: sqs:${action.toLowerCase()} on resource: ${resource} ${reason}`,
    { status: 403 },
  );

export const unsupportedOperation = (message: string): AwsError => sqs('UnsupportedOperation', message);

export const unknownOperation = (name: string): AwsError =>
  new AwsError('UnknownOperationException', `The operation ${name} is not known here.`);
