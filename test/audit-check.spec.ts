import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { jest } from '@jest/globals';

/** Each starts npm, half a second on a core of its own. */
jest.setTimeout(60_000);

const ADVISORIES = '/-/npm/v1/security/advisories/bulk';

/** What npm asks of a registry is answered by `status` and `advisories`, by package. */
async function check(status: number, advisories: object, settings: NodeJS.ProcessEnv = {}) {
  const registry = createServer((request, response) => {
    request.resume();
    response.writeHead(request.url === ADVISORIES ? status : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(advisories));
  }).listen(0, '127.0.0.1');
  try {
    await once(registry, 'listening');
    const { AUDIT_OPTIONAL: _, ...env } = process.env;
    const child = spawn(process.execPath, ['tools/audit.mjs'], {
      env: {
        ...env,
        ...settings,
        npm_config_registry: `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`,
        npm_config_fetch_retries: '0',
      },
    });
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return { code: code as number, out, err };
  } finally {
    registry.close();
    registry.closeAllConnections();
  }
}

describe('npm run audit:check', () => {
  it('passes when the registry knows of nothing', async () => {
    const { code, out } = await check(200, {});
    expect(out).toMatch(/^no known vulnerability in \d{3,} packages$/m);
    expect(code).toBe(0);
  });

  it('fails with the name, severity and title of what is found', async () => {
    const { code, err } = await check(200, {
      'smtp-server': [
        {
          id: 1,
          url: 'https://github.com/advisories/GHSA-0000-0000-0000',
          title: 'Answers anyone',
          severity: 'high',
          vulnerable_versions: '>=3.0.0',
          cwe: [],
          cvss: { score: 0, vectorString: null },
        },
      ],
    });
    expect(err).toMatch(/^high: smtp-server .*: Answers anyone$/m);
    expect(err).toContain('1 vulnerabilities');
    expect(code).toBe(1);
  });

  it('fails when the registry does not answer, unless that is allowed, and says that nothing is known', async () => {
    const refused = await check(405, {});
    expect(refused.err).toContain('NO AUDIT');
    expect(refused.code).toBe(3);
    const allowed = await check(405, {}, { AUDIT_OPTIONAL: '1' });
    expect(allowed.err).toContain('NO AUDIT');
    expect(allowed.code).toBe(0);
  });
});
