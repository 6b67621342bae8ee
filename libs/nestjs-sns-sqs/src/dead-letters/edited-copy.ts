import { createHash } from 'node:crypto';
import { validate, valueOf } from '../contracts/validate.js';
import { decodeBody, unparsable } from '../envelope/decode.js';
import { toBody } from '../envelope/encode.js';
import { parseJson } from '../envelope/parse-json.js';
import { unwrapSns } from '../envelope/sns-wrapper.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { Letter } from './letter.js';
import { successorOf, type Successor, type Target } from './successor.js';

/** The changes for the copy of a letter. Fields without a change stay as they are. */
export interface LetterPatch {
  /** The new payload, whole. */
  data?: unknown;
  /** The new type of the event. */
  type?: string | undefined;
  subject?: string | undefined;
  sequence?: string | undefined;
  /** A new message body, whole: for a letter that is not an event. Excludes the others. */
  body?: string | undefined;
}

export interface EditOptions {
  /** Full name of the queue that the copy goes to. @default the queue that the letter comes from */
  to?: string | undefined;
  /** True: checks the copy, and sends nothing. @default false */
  dryRun?: boolean | undefined;
}

export interface EditReport {
  /** Id of the new event. Undefined: the body is not an event. */
  eventId: string | undefined;
  /** SQS's id of the new message. Undefined: a dry run. */
  messageId: string | undefined;
  /** Full name of the queue that the copy goes to. */
  queue: string;
  /** The body of the copy. */
  body: string;
  /** False: the letter could not be deleted, or it was a dry run. */
  isDeleted: boolean;
}

export interface EditedCopy {
  /** Id of the new event. The same patch of the same letter gives the same id. Undefined: the body is not an event. */
  eventId: string | undefined;
  type: string | undefined;
  message: Successor;
}

function checkPatch(patch: LetterPatch): void {
  const { body, ...fields } = patch;
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  const known = ['data', 'type', 'subject', 'sequence', 'body'];
  const strangers = Object.keys(patch).filter(name => !known.includes(name));
  const problem =
    strangers.length > 0
      ? `${strangers.join(', ')} cannot be patched`
      : body !== undefined && given.length > 0
        ? '`body` replaces everything, and other fields are given too'
        : body === undefined && given.length === 0
          ? 'the patch changes nothing'
          : undefined;
  if (problem === undefined) return;
  throw new SnsSqsError('INVALID_OPTIONS', {
    problem: `editAsCopy: ${problem}`,
    remedy: 'give `data`, `type`, `subject` and `sequence` as needed, or `body` alone',
  });
}

/** A second edit of the same letter to the same content is the same event, so that the inbox drops it. */
const copyId = ({ id, event }: Letter, patch: LetterPatch): string => {
  const content = JSON.stringify([event?.metadata.source, event?.metadata.id ?? id, patch]);
  return `edit-${createHash('sha256').update(content).digest('base64url').slice(0, 22)}`;
};

function editedBody(letter: Letter, patch: LetterPatch, eventId: string): string {
  const { event } = letter;
  if (!event) throw unparsable('an edit of its data needs an event; give a new `body`');
  const { data_base64: bytes, ...document } = parseJson(unwrapSns(letter.body)) as Record<string, unknown>;
  const { data = bytes === undefined ? document['data'] : event.data, type, subject, sequence } = patch;
  const changed = {
    ...document,
    id: eventId,
    causationid: event.metadata.id,
    ...(type !== undefined && { type }),
    ...(subject !== undefined && { subject }),
    ...(sequence !== undefined && { sequence }),
    data,
  };
  return toBody(type ?? event.metadata.type, changed);
}

/**
 * The letter with another content: a new event, caused by the old one. Rejects with CONTRACT_VIOLATION,
 * UNPARSABLE_MESSAGE, UNSERIALIZABLE_DATA or INVALID_OPTIONS, before anything was sent.
 * @param schemaOf Standard Schema of a type's payload; undefined: there is none
 */
export async function editedCopy(
  letter: Letter,
  patch: LetterPatch,
  target: Pick<Target, 'fifo'>,
  schemaOf: (type: string) => unknown,
): Promise<EditedCopy> {
  checkPatch(patch);
  const id = copyId(letter, patch);
  const body = patch.body ?? editedBody(letter, patch, id);
  const event = patch.body === undefined ? decodeBody(body) : decodedOrNone(body);
  const type = event?.metadata.type;
  if (event) {
    valueOf(
      `The data of ${JSON.stringify(event.metadata.type)}`,
      await validate(schemaOf(event.metadata.type), event.data),
    );
  }
  const attributes =
    type === undefined ? letter.attributes : { ...letter.attributes, type: { DataType: 'String', StringValue: type } };
  const message = successorOf({ ...letter, body, attributes }, target);
  return {
    eventId: event?.metadata.id,
    type,
    message: target.fifo ? { ...message, deduplicationId: id } : message,
  };
}

function decodedOrNone(body: string): ReturnType<typeof decodeBody> | undefined {
  try {
    return decodeBody(body);
  } catch {
    return undefined;
  }
}
