import {
  AwsError,
  batchEntryIdsNotDistinct,
  emptyBatchRequest,
  invalidBatchEntryId,
  missingParameter,
  tooManyEntries,
} from '../errors.js';
import { type Input, optionalString, recordList } from '../input.js';
import type { Output } from '../operation.js';

const MAX_ENTRIES = 10;
const ENTRY_ID = /^[A-Za-z0-9_-]{1,80}$/;

export interface BatchEntry {
  id: string;
  input: Input;
}

/** The entries of a batch, once the batch as a whole is sound. */
export function readBatch(input: Input, kind: string, key = 'Entries'): BatchEntry[] {
  const entries = recordList(input, key);
  if (entries.length === 0) throw emptyBatchRequest(kind);
  if (entries.length > MAX_ENTRIES) throw tooManyEntries(entries.length);
  const seen = new Set<string>();
  return entries.map(entry => {
    const id = optionalString(entry, 'Id');
    if (id === undefined) throw missingParameter(`${kind}.Id`);
    if (!ENTRY_ID.test(id)) throw invalidBatchEntryId();
    if (seen.has(id)) throw batchEntryIdsNotDistinct(id);
    seen.add(id);
    return { id, input: entry };
  });
}

/** Each entry succeeds or fails by itself; a failure has its entry's id. */
export function runBatch<T extends { id: string }>(entries: readonly T[], run: (entry: T) => Output): Output {
  const Successful: Output[] = [];
  const Failed: Output[] = [];
  for (const entry of entries) {
    try {
      Successful.push({ Id: entry.id, ...run(entry) });
    } catch (error) {
      if (!(error instanceof AwsError) || error.code === 'SerializationException') throw error;
      Failed.push({ Id: entry.id, SenderFault: error.senderFault, Code: error.code, Message: error.message });
    }
  }
  return { ...(Successful.length > 0 && { Successful }), ...(Failed.length > 0 && { Failed }) };
}
