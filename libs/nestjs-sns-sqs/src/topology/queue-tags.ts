import { SQS_MAX_TAGS } from '../constants.js';
import type { Tags } from '../interfaces/control-plane.interface.js';
import type { Positions } from './topology.model.js';

const OURS = 'nestjs-sns-sqs:';

/** The tags of a queue, by which services and operators know whose it is. */
export const QUEUE_TAGS = {
  /** The service that owns the queue. */
  service: `${OURS}service`,
  /** The use case; without one the queue's name without prefix. */
  useCase: `${OURS}use-case`,
  /** The day (UTC) on which a consumer of the queue last ran, e.g. `2026-11-29`. */
  lastConsumed: `${OURS}last-consumed`,
  /** The day (UTC) on which a version without an `ordering` last consumed it: what that handled left no position. */
  unordered: `${OURS}unordered`,
  /** Begins the keys of the tags with the day (UTC) on which a version last kept positions there; see `positionsKey`. */
  positions: `${OURS}positions-`,
  /** What the inbox's memory of the queue is named by: the first name of the use case, after any number of renames. */
  inbox: `${OURS}inbox`,
  /** Begins the keys of the tags that name a former name of the owner; each value is the day (UTC) on which it last said so. */
  formerService: `${OURS}former-service:`,
  /** Begins the keys of the tags by which services claim a queue without an owner; each value is a service. */
  claim: `${OURS}claim:`,
  /** Begins the keys of the tags that name the types which any version of the service wanted. */
  types: `${OURS}types`,
  /** Begins the keys of the tags that name, on a service's first queue, each queue of the service. */
  queue: `${OURS}queue:`,
} as const;

/** AWS: letters, digits, spaces and `_ . : / = + - @` (tag restrictions). `=` begins an escape, `+` separates. */
const PLAIN = /^[A-Za-z0-9_.:/@-]$/;
const MAX_VALUE = 256;
/** A queue has at most 50 tags; some are kept for the queues of the service, and for the team's own. */
const MAX_TYPE_TAGS = 12;
const SEPARATOR = '+';
const EVERYTHING = '*';

const byteEscape = (byte: number): string => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;

function encode(pattern: string): string {
  let text = '';
  for (const character of pattern) {
    text += PLAIN.test(character) ? character : [...new TextEncoder().encode(character)].map(byteEscape).join('');
  }
  return text;
}

function decode(text: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const hex = text[at] === '=' ? /^[0-9A-F]{2}/.exec(text.slice(at + 1)) : null;
    bytes.push(...(hex ? [parseInt(hex[0], 16)] : new TextEncoder().encode(text[at])));
    if (hex) at += 2;
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}

/** A pattern that no tag can carry is recorded as a wider one: nothing is deleted that it means. */
function entryOf(pattern: string): string {
  const whole = encode(pattern);
  if (whole.length <= MAX_VALUE) return whole;
  const characters = Array.from(pattern);
  const wildcard = characters.indexOf('*');
  let kept = wildcard < 0 ? characters.length : wildcard;
  const shortened = (): string => encode(`${characters.slice(0, kept).join('')}*`);
  while (shortened().length > MAX_VALUE) kept -= 1;
  return shortened();
}

/** Values of at most 256 characters; no entry is divided. */
function pack(entries: readonly string[]): string[] {
  const values: string[] = [];
  for (const entry of entries) {
    const joined = values.length > 0 ? `${values.at(-1)}${SEPARATOR}${entry}` : '';
    if (joined !== '' && joined.length <= MAX_VALUE) values[values.length - 1] = joined;
    else values.push(entry);
  }
  return values;
}

/** Whose text is no tag's key is hashed. */
export function positionsKey(positions: Positions): string {
  const isPlain = /^[\w.-]{1,60}$/.test(positions);
  return QUEUE_TAGS.positions + (isPlain ? positions : `other-${hashOf(positions)}`);
}

/** The memories beside this one in which a version has kept positions, with the days on which it last did. */
export function positionsBeside(
  tags: Readonly<Tags>,
  positions: Positions | undefined,
): Array<[key: string, day: string]> {
  const own = positions === undefined ? undefined : positionsKey(positions);
  return Object.entries(tags).filter(([key]) => key.startsWith(QUEUE_TAGS.positions) && key !== own);
}

const isTypesKey = (key: string): boolean => key === QUEUE_TAGS.types || key.startsWith(`${QUEUE_TAGS.types}-`);

/** Keys come from what they hold, so that two writers at one time never overwrite each other. */
const keyFor = (value: string): string => `${QUEUE_TAGS.types}-${hashOf(value)}`;

/** FNV-1a over UTF-16. */
function hashOf(value: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < value.length; at += 1) hash = Math.imul(hash ^ value.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** The patterns that any version has wanted on the queue; undefined when none has been recorded. */
export function recordedPatterns(tags: Readonly<Tags>): string[] | undefined {
  const values = Object.entries(tags).flatMap(([key, value]) => (isTypesKey(key) ? [value] : []));
  if (values.length === 0) return undefined;
  return [...new Set(values.flatMap(value => value.split(SEPARATOR)).map(decode))].toSorted();
}

export interface TypesPlan {
  set: Tags;
  /** To be removed once `set` is written. */
  remove: string[];
}

/** What to write so that the tags record these patterns too. Takes none away: where tags run out it records `*`. */
export function planTypes(found: Readonly<Tags>, patterns: readonly string[]): TypesPlan {
  const recorded = recordedPatterns(found) ?? [];
  const isKnown = new Set(recorded.map(encode));
  const added = [...new Set(patterns.map(entryOf))].filter(entry => !isKnown.has(entry)).toSorted();
  if (added.length === 0 || recorded.includes(EVERYTHING)) return { set: {}, remove: [] };
  const oldKeys = Object.keys(found).filter(isTypesKey);
  const additional = pack(added);
  if (oldKeys.length + additional.length <= MAX_TYPE_TAGS) return { set: tagged(additional), remove: [] };
  const all = pack([...new Set([...isKnown, ...added])].toSorted());
  // As few as possible, so that the next versions' types have room before all is written anew.
  const set = tagged(all.length <= MAX_TYPE_TAGS ? all : [encode(EVERYTHING)]);
  return { set, remove: oldKeys.filter(key => !(key in set)) };
}

const tagged = (values: readonly string[]): Tags => Object.fromEntries(values.map(value => [keyFor(value), value]));

const isListed = (key: string): boolean => key.startsWith(QUEUE_TAGS.queue);

/**
 * Tags of the list of queues that make room for `wanted`, on a queue that has as many tags as AWS allows: only a warning
 * needs them. None: there is not enough room, or enough without it.
 */
export function roomFor(found: Readonly<Tags>, wanted: Readonly<Tags>): string[] {
  const excess = Object.keys({ ...found, ...wanted }).length - SQS_MAX_TAGS;
  if (excess <= 0 || Object.keys(wanted).every(isListed)) return [];
  const listed = Object.keys(found).filter(key => isListed(key) && !(key in wanted));
  return listed.length < excess ? [] : listed.slice(0, excess);
}

/**
 * What of `wanted` takes no further tag, for a queue that has as many as AWS allows. Types that find no room make one of
 * the recorded values wider instead, to everything: nothing is deleted that they mean. Where none is recorded none is needed.
 */
export function withoutNewTags(found: Readonly<Tags>, wanted: Readonly<Tags>): Tags {
  const renewed = Object.entries(wanted).filter(([key]) => key in found);
  const isShortOfTypes = Object.keys(wanted).some(key => isTypesKey(key) && !(key in found));
  const recorded = Object.keys(found).find(isTypesKey);
  const types = isShortOfTypes && recorded !== undefined ? { [recorded]: encode(EVERYTHING) } : {};
  return { ...Object.fromEntries(renewed), ...types };
}
