// Shows the mails that the samples have sent, in a browser. Texts of mails reach the page as text only.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

const SCRIPT = `
'use strict';
let shown = '';
const el = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
async function look() {
  const text = await (await fetch('/mails')).text().catch(() => shown);
  if (text === shown) return;
  shown = text;
  const mails = JSON.parse(text).reverse();
  const list = document.getElementById('mails');
  list.replaceChildren(
    ...mails.map(mail => {
      const item = el('article', '');
      item.append(el('h2', mail.subject), el('p', new Date(mail.at).toLocaleTimeString() + ' to ' + mail.to), el('pre', mail.text));
      return item;
    }),
  );
  if (mails.length === 0) list.append(el('p', 'No mails yet. Register a user, and this page shows the mail.'));
}
setInterval(() => void look().catch(() => undefined), 1000);
void look();
`;

const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Mails of the samples</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark; }
body { max-width: 50rem; margin: 0 auto; padding: 1rem; font: 15px/1.5 system-ui, sans-serif; }
article { border: 1px solid #8884; border-radius: .4rem; margin: .75rem 0; padding: .5rem .75rem; }
h1 { font-size: 1.25rem; } h2 { font-size: 1rem; margin: 0; } p { margin: 0; color: #888; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: 13px ui-monospace, monospace; }
</style></head>
<body><h1>Mails of the samples</h1><main id="mails"></main><script>${SCRIPT}</script></body></html>`;

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'x-content-type-options': 'nosniff',
  'content-security-policy': `default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'; script-src 'sha256-${createHash('sha256').update(SCRIPT).digest('base64')}'`,
};
const LOCAL = /^(127\.0\.0\.1|localhost)(:\d+)?$/;

/** @param letters those of the mail catcher; the page shows them as they are at each look */
export async function startMailPage(letters, port = 0) {
  const server = createServer((request, response) => {
    // A page of another site may have its own name point here.
    if (!LOCAL.test(request.headers.host ?? '')) return response.writeHead(403).end();
    if (request.url === '/mails') {
      return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(letters));
    }
    return response.writeHead(request.url === '/' ? 200 : 404, HEADERS).end(request.url === '/' ? PAGE : '');
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
