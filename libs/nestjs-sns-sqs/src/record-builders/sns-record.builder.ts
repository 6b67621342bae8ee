import { RecordBuilder } from './record-builder.js';
import type { PublishRecord } from './record.js';

/** The result of `SnsRecordBuilder.build()`, for `ClientSNS.emit()`. */
export type SnsRecord<T = unknown> = PublishRecord<T>;

/**
 * An event with more than its data: `new SnsRecordBuilder(data).setSubject(user.id).setSequence(user.version).build()`.
 *
 * @example
 * ```ts
 * const event = new SnsRecordBuilder(user).setSubject(user.id).setSequence(user.version).build();
 * await lastValueFrom(events.emit('user.registered', event));
 * ```
 * @throws {SnsSqsError} INVALID_RECORD: a value that AWS would refuse.
 */
export class SnsRecordBuilder<T = unknown> extends RecordBuilder<T> {}
