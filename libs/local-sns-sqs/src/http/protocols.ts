import { AwsError, serializationError, unknownOperation } from '../core/errors.js';
import { type Input, isRecord } from '../core/input.js';
import type { Operation, Output } from '../core/operation.js';
import { SNS_OPERATIONS } from '../core/sns/operations.js';
import { SQS_OPERATIONS } from '../core/sqs/operations.js';
import { STS_OPERATIONS } from '../core/sts/get-caller-identity.js';
import { readQuery } from './query.js';
import { readSqsQuery, sqsXmlError, sqsXmlResult } from './sqs-query.js';
import { STS_NAMESPACE, xmlError, xmlResult } from './xml.js';

export interface RawRequest {
  /** The header X-Amz-Target, empty without one. */
  target: string;
  path: string;
  body: string;
}

/** A request as a protocol has read it, and how that protocol answers. */
export interface ParsedRequest {
  service: 'sqs' | 'sns' | 'sts';
  action: string;
  input: Input;
  operation: Operation;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export interface Protocol {
  /** Throws an AwsError when there is no such operation or the request cannot be read. */
  parse(request: RawRequest): ParsedRequest;
  result(request: ParsedRequest, output: Output, requestId: string): Answer;
  error(error: AwsError, requestId: string): Answer;
}

const JSON_TYPE = 'application/x-amz-json-1.0';
const TARGET = 'AmazonSQS.';

function parseJson(body: string): Input {
  if (body === '') return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw serializationError('The request body is not valid JSON.');
  }
  if (!isRecord(parsed)) throw serializationError('The request body must be a JSON object.');
  return parsed;
}

const jsonAnswer = (status: number, body: string, requestId: string): Answer => ({
  status,
  headers: { 'Content-Type': JSON_TYPE, 'x-amzn-RequestId': requestId },
  body,
});

/** SQS: AWS JSON 1.0, the operation in a header. */
export const sqsJson: Protocol = {
  parse({ target, body }) {
    const action = target.startsWith(TARGET) ? target.slice(TARGET.length) : target;
    const operation = SQS_OPERATIONS.get(action);
    if (!operation) throw unknownOperation(action);
    return { service: 'sqs', action, operation, input: parseJson(body) };
  },
  result: (_, output, requestId) => jsonAnswer(200, JSON.stringify(output), requestId),
  error(error, requestId) {
    const answer = jsonAnswer(
      error.status,
      JSON.stringify({ __type: `com.amazonaws.sqs#${error.code}`, message: error.message }),
      requestId,
    );
    const fault = error.senderFault ? 'Sender' : 'Receiver';
    return { ...answer, headers: { ...answer.headers, 'x-amzn-query-error': `${error.queryCode};${fault}` } };
  },
};

const xmlAnswer = (status: number, body: string, requestId: string): Answer => ({
  status,
  headers: { 'Content-Type': 'text/xml', 'x-amzn-RequestId': requestId },
  body,
});

const unknownAction = (action: string): AwsError =>
  action === ''
    ? new AwsError('MissingAction', 'The request must contain the parameter Action.')
    : new AwsError('InvalidAction', `The action ${action} is not valid for this endpoint.`);

/** SNS: AWS Query with XML answers. */
export const snsQuery: Protocol = {
  parse({ body }) {
    const { action, input } = readQuery(body);
    const operation = SNS_OPERATIONS.get(action);
    if (!operation) throw unknownAction(action);
    return { service: 'sns', action, operation, input };
  },
  result: ({ action }, output, requestId) => xmlAnswer(200, xmlResult(action, output, requestId), requestId),
  error: (error, requestId) => xmlAnswer(error.status, xmlError(error, requestId), requestId),
};

/** SQS's older protocol: AWS Query with XML answers. */
export const sqsQuery: Protocol = {
  parse({ path, body }) {
    const { action, input } = readSqsQuery(path, body);
    const operation = SQS_OPERATIONS.get(action);
    if (!operation) throw unknownAction(action);
    return { service: 'sqs', action, operation, input };
  },
  result: ({ action }, output, requestId) => xmlAnswer(200, sqsXmlResult(action, output, requestId), requestId),
  error: (error, requestId) => xmlAnswer(error.queryStatus, sqsXmlError(error, requestId), requestId),
};

/** STS: what clients ask for their account. */
const stsQuery: Protocol = {
  parse({ body }) {
    const { action, input } = readQuery(body);
    const operation = STS_OPERATIONS.get(action);
    if (!operation) throw unknownAction(action);
    return { service: 'sts', action, operation, input };
  },
  result: ({ action }, output, requestId) =>
    xmlAnswer(200, xmlResult(action, output, requestId, STS_NAMESPACE), requestId),
  error: (error, requestId) => snsQuery.error(error, requestId),
};

const ACTION = /(?:^|&)Action=(\w+)/;

/** The protocol that a request speaks: no action is one of both services, but for tags and permissions of topics. */
export function protocolOf({ target, path, body }: RawRequest): Protocol {
  if (target !== '') return sqsJson;
  const action = ACTION.exec(body)?.[1] ?? '';
  if (STS_OPERATIONS.has(action)) return stsQuery;
  const isSqs = SQS_OPERATIONS.has(action) && !SNS_OPERATIONS.has(action);
  return isSqs || (SQS_OPERATIONS.has(action) && /QueueUrl=|\/\d{12}\//.test(body + path)) ? sqsQuery : snsQuery;
}
