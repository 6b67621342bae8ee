/**
 * The desk, which lists dead letters, sends them back, corrects and discards them.
 * @packageDocumentation
 */

export { DeadLetterDesk } from './dead-letter-desk.js';
export type { DeadLetterDeskOptions, ListOptions, LookSettings, RedriveOptions } from './desk-options.js';
export type { QueueFacts } from './dead-letter-queue.js';
export type { DeadLetterQueueSummary } from './list-queues.js';
export type { DiscardReport } from './discard-letters.js';
export type { EditOptions, EditReport, LetterPatch } from './edited-copy.js';
export type { FailureGroup } from './failure-group.js';
export type { Forecast, ForecastNote, Foresight } from './forecast.js';
export { REDRIVE_COUNT, type Letter } from './letter.js';
export type { LetterFilter, LetterSelection } from './letter-filter.js';
export type { LetterGroup } from './letter-groups.js';
export type { LetterHandler, LetterHandlers } from './letter-handlers.js';
export type { Coverage } from './look-through.js';
export type { RedriveReport } from './redrive-report.js';
export type { Gap } from './subject-gaps.js';
