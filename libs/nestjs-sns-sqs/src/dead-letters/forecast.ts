import { validate, violation, type Validation } from '../contracts/validate.js';
import { errorText } from '../errors/aws-errors.js';
import { canonicalSequence } from '../inbox/sequence-guard.js';
import type { EventEnvelope } from '../interfaces/envelope.interface.js';
import type { InboxStore } from '../interfaces/inbox-store.interface.js';
import type { FullName } from '../interfaces/names.interface.js';
import { lookIntoInbox, type InboxView } from './inbox-look.js';
import type { InboxMemories } from './inbox-memories.js';
import type { Letter } from './letter.js';
import type { LetterHandler, LetterHandlers } from './letter-handlers.js';
import { SubjectGaps, type Gap } from './subject-gaps.js';

/** A thing that will go otherwise than the redrive's user may think. */
export type Foresight =
  /** The inbox has the event as done: it will be skipped. */
  | 'duplicate'
  /** A later event of the subject was handled: `ordering` will skip this one. */
  | 'older'
  /** The payload does not fit today's contract: it will be dead-lettered again. */
  | 'contract'
  /** No handler of today's version takes the type on this queue: it will be dead-lettered again. */
  | 'no-handler'
  /** The body is not an event: without a `deserializer` it will be dead-lettered again. */
  | 'unparsable'
  /** The letter has no queue to go to. */
  | 'no-target'
  /** The letter was redriven before, and failed again. */
  | 'redriven-before';

export interface ForecastNote {
  count: number;
  /** The first of these letters, at most ten. */
  examples: Array<{ id: string; why: string }>;
}

export interface Forecast {
  notes: Partial<Record<Foresight, ForecastNote>>;
  /** `ordering: 'sequential'`: events that are neither handled nor among the letters. Later ones wait for them. */
  gaps: Gap[];
  /** Checks that the desk could not make, and what each of them needs. */
  unknown: string[];
}

export interface ForecasterOptions {
  handlers?: LetterHandlers | undefined;
  store?: InboxStore | undefined;
  /** @default each queue's is named by the queue */
  memories?: Pick<InboxMemories, 'of'> | undefined;
}

const MAX_EXAMPLES = 10;

/** Foresees what will happen to letters that are sent back. Changes nothing. */
export class Forecaster {
  private readonly notes: Partial<Record<Foresight, ForecastNote>> = {};
  private readonly gaps = new SubjectGaps();
  private readonly unknown = new Set<string>();

  constructor(private readonly options: ForecasterOptions) {
    const { handlers, store } = options;
    if (!handlers) this.unknown.add('contracts, handlers and order. Give --app (in code: `handlers`)');
    if (!store)
      this.unknown.add(
        'duplicates, and events that were overtaken. Give --app of an app whose inbox is in Redis or PostgreSQL (in code: `inbox`)',
      );
    else if (!store.isShared) this.unknown.add('duplicates: the inbox is in the memory of another process');
  }

  /** @param target undefined: the letter has none, for this reason */
  async add(letter: Letter, target: FullName | undefined, why = ''): Promise<void> {
    if (letter.redrives > 0) this.note('redriven-before', letter, `${letter.redrives} times`);
    if (target === undefined) return this.note('no-target', letter, why);
    const { event } = letter;
    if (!event) return this.note('unparsable', letter, letter.error ?? 'the body is not a CloudEvent');
    const handler = this.handlerOf(letter, target, event);
    if (handler) await this.checkContract(letter, event, handler);
    await this.askInbox(letter, target, event, handler);
  }

  result(): Forecast {
    return { notes: this.notes, gaps: this.gaps.list(), unknown: [...this.unknown] };
  }

  private note(kind: Foresight, { id }: Letter, why: string): void {
    const note = (this.notes[kind] ??= { count: 0, examples: [] });
    note.count += 1;
    if (note.examples.length < MAX_EXAMPLES) note.examples.push({ id, why });
  }

  private handlerOf(letter: Letter, target: FullName, { metadata }: EventEnvelope): LetterHandler | undefined {
    const { handlers } = this.options;
    if (!handlers) return undefined;
    if (!handlers.consumes(target)) {
      this.unknown.add(`what ${target} does: the app does not consume this queue`);
      return undefined;
    }
    const handler = handlers.find(target, metadata.type);
    if (!handler) this.note('no-handler', letter, `no handler of ${target} takes ${metadata.type}`);
    return handler;
  }

  private async checkContract(
    letter: Letter,
    { metadata, data }: EventEnvelope,
    { schema }: LetterHandler,
  ): Promise<void> {
    let validation: Validation;
    try {
      validation = await validate(schema, data);
    } catch (error) {
      // The schema is the user's.
      this.unknown.add(`the contract of ${metadata.type}: its schema threw ${errorText(error)}`);
      return;
    }
    if ('issues' in validation) this.note('contract', letter, violation('The data', validation.issues).problem);
  }

  private async askInbox(
    letter: Letter,
    target: FullName,
    { metadata }: EventEnvelope,
    handler: LetterHandler | undefined,
  ): Promise<void> {
    const { store, memories } = this.options;
    if (!store) return;
    let view: InboxView;
    try {
      view = await lookIntoInbox(store, (await memories?.of(target)) ?? target, metadata);
    } catch (error) {
      this.unknown.add(`duplicates: the inbox does not answer (${errorText(error)})`);
      return;
    }
    const { isDone, position } = view;
    if (isDone) return this.note('duplicate', letter, `${metadata.id} was handled`);
    const ordering = handler?.ordering ?? 'none';
    const sequence = canonicalSequence(metadata.sequence);
    if (ordering === 'none' || sequence === undefined || metadata.subject === undefined) return;
    const isBehind =
      position !== undefined &&
      (ordering === 'latest' ? BigInt(sequence) < BigInt(position) : BigInt(sequence) <= BigInt(position));
    if (isBehind) return this.note('older', letter, `sequence ${sequence}, and ${position} was handled`);
    if (ordering === 'sequential') this.gaps.add(target, metadata.source, metadata.subject, sequence, position);
  }
}
