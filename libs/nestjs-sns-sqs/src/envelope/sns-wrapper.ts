interface SnsNotification {
  Type: 'Notification';
  TopicArn: string;
  Message: string;
}

/** True for the JSON that SNS puts around a message where the subscription has no raw delivery. */
export function isSnsNotification(value: unknown): value is SnsNotification {
  if (typeof value !== 'object' || value === null) return false;
  const { Type, TopicArn, Message } = value as Partial<Record<keyof SnsNotification, unknown>>;
  return Type === 'Notification' && typeof TopicArn === 'string' && typeof Message === 'string';
}

/** The body without SNS's wrapper, if it has one. */
export function unwrapSns(body: string): string {
  if (!body.includes('"Notification"')) return body;
  try {
    const parsed: unknown = JSON.parse(body);
    return isSnsNotification(parsed) ? parsed.Message : body;
  } catch {
    return body;
  }
}
