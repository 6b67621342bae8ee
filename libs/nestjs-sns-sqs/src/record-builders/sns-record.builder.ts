import { RecordBuilder } from './record-builder.js';
import type { PublishRecord } from './record.js';

/** What `SnsRecordBuilder.build()` gives, for `ClientSNS.emit()`. */
export type SnsRecord<T = unknown> = PublishRecord<T>;

/** An event with more than its data: `new SnsRecordBuilder(data).setSubject(user.id).setSequence(user.version).build()`. */
export class SnsRecordBuilder<T = unknown> extends RecordBuilder<T> {}
