import type { SpanContext } from '@opentelemetry/api';

/** Messages whose last attempt is remembered in this process. About 300 bytes each. */
const REMEMBERED = 10_000;

/** The span of each message's last attempt in this process, so that the next one can link to it. */
export class RecentAttempts {
  private readonly spans = new Map<string, SpanContext>();

  constructor(private readonly limit = REMEMBERED) {}

  get size(): number {
    return this.spans.size;
  }

  /** The earlier attempt, which is forgotten: the one that begins takes its place. */
  take(messageId: string): SpanContext | undefined {
    const span = this.spans.get(messageId);
    if (span) this.spans.delete(messageId);
    return span;
  }

  /** Of a message that comes again. */
  note(messageId: string, span: SpanContext): void {
    if (messageId === '') return;
    this.spans.set(messageId, span);
    if (this.spans.size <= this.limit) return;
    const [oldest = ''] = this.spans.keys();
    this.spans.delete(oldest);
  }
}
