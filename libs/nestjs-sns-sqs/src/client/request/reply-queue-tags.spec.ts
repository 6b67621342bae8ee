import { aliveTags, isLeftBehind, RENEW_EVERY_MS, REPLY_QUEUE_TAGS, tagsOfReplyQueue } from './reply-queue-tags.js';

const NOW = Date.parse('2026-01-01T00:00:00Z');

describe('the tags of a reply queue', () => {
  it('name the caller in the characters that AWS takes', () => {
    const tags = tagsOfReplyQueue(`web "shop" ${'x'.repeat(300)}`, NOW);
    expect(tags[REPLY_QUEUE_TAGS.caller]).toMatch(/^web _shop_ x{245}$/);
    expect(tags[REPLY_QUEUE_TAGS.caller]).toHaveLength(256);
  });

  it('outlive several renewals that fail', () => {
    const tags = aliveTags(NOW);
    expect(isLeftBehind(tags, NOW + 4 * RENEW_EVERY_MS)).toBe(false);
    expect(isLeftBehind(tags, NOW + 6 * RENEW_EVERY_MS)).toBe(true);
  });

  it.each([[{}], [{ [REPLY_QUEUE_TAGS.aliveUntil]: 'soon' }], [{ owner: 'somebody' }]])(
    'that are none of ours are no reason to delete: %j',
    tags => {
      expect(isLeftBehind(tags as Record<string, string>, Number.MAX_SAFE_INTEGER)).toBe(false);
    },
  );
});
