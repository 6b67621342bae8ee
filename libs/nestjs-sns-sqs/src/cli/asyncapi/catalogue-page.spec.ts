import { NOTIFICATIONS, USERS } from '../../../test/topology-documents.js';
import { cataloguePage } from './catalogue-page.js';
import { toAsyncApi } from './to-async-api.js';

describe('the catalogue', () => {
  const page = cataloguePage([toAsyncApi(USERS), toAsyncApi(NOTIFICATIONS)], 'Messages');

  it('says of each message who sends it, who takes it, and what is in it', () => {
    const row = /<tr id="users\.user\.registered">[^]*?<\/tr>/.exec(page)?.[0] ?? '';
    expect(row).toContain('<td>users</td>');
    expect(row).toContain('notifications: dev-send-email-on-user-registered');
    expect(row).toContain('email: string;');
    expect(page).toMatch(/<tr id="users\.user\.deleted">[^]*?nobody that is known[^]*?TypeScript type only/);
    expect(page).toMatch(/<tr id="users\.deactivate-user">[^]*?<td>notifications<\/td>\s*<td>users<\/td>/);
  });

  it('draws senders, topics, queues and services', () => {
    const svg = /<svg[^]*<\/svg>/.exec(page)?.[0] ?? '';
    for (const name of ['dev-users-domain-events', 'dev-users-async-commands.fifo', 'notifications']) {
      expect(svg).toContain(`<title>${name}</title>`);
    }
    expect(svg.match(/<path/g)?.length).toBeGreaterThan(4);
  });

  it('loads nothing, runs nothing, and shows texts of others as texts', () => {
    expect(page).not.toMatch(/<script|src=|@import|url\(/);
    const hostile = toAsyncApi({
      ...USERS,
      contracts: [{ service: 'users', events: [{ type: '<img src=x>' }], commands: [], requests: [] }],
    });
    expect(cataloguePage([hostile], '<b>')).not.toMatch(/<img|<b>/);
  });
});
