import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startMailCatcher } from './mail-catcher.mjs';
import { freePort } from './ports.mjs';
import { startService } from './service-process.mjs';

const ROOT = join(import.meta.dirname, '../..');
const SCRIPTS = {
  users: join(ROOT, 'dist/apps/users/main.js'),
  notifications: join(ROOT, 'dist/apps/notifications/main.js'),
};
const BROKER = join(ROOT, 'dist/libs/local-sns-sqs/esm/index.js');

/**
 * Broker, mail catcher and both services. What `given` names is used in place of an embedded one: `endpoint` of SNS
 * and SQS, `smtpUrl`, `databaseUrl`; without `redisUrl` the inbox of `users` is in its memory. When a part does not start,
 * or `signal` is aborted before all have, those before it are stopped and the error is thrown.
 */
export async function startStack({ given = {}, ports = {}, prefix = '', onLine, signal }) {
  const missing = [...Object.values(SCRIPTS), BROKER].filter(file => !existsSync(file));
  if (missing.length > 0) throw new Error(`not built: ${missing.join(', ')}. Run \`npm run build\` first.`);

  const parts = [];
  const stop = async () => {
    const ends = [];
    for (const part of parts.splice(0).reverse()) ends.push(await part.stop());
    return ends;
  };
  try {
    const broker = given.endpoint ? undefined : await startBroker(await freePort(ports.broker));
    if (broker) parts.push(broker);
    const endpoint = given.endpoint ?? broker.endpoint;
    const mail = given.smtpUrl ? undefined : await startMailCatcher(await freePort(ports.mail));
    if (mail) parts.push(mail);
    const env = {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: process.env.AWS_REGION ?? 'us-east-1',
      AWS_ACCESS_KEY_ID: process.env.AWS_ACCESS_KEY_ID ?? 'local',
      AWS_SECRET_ACCESS_KEY: process.env.AWS_SECRET_ACCESS_KEY ?? 'local',
      QUEUE_PREFIX: prefix,
      SMTP_URL: given.smtpUrl ?? mail.url,
      ...(given.databaseUrl && { DATABASE_URL: given.databaseUrl }),
      ...(given.redisUrl && { REDIS_URL: given.redisUrl }),
      APPS_DIR: join(ROOT, 'apps'),
    };
    const start = async (name, more) => {
      signal.throwIfAborted();
      const service = await startService({ name, script: SCRIPTS[name], env: { ...env, ...more }, onLine, signal });
      parts.push(service);
      return service;
    };
    const operations = ports.operations ? await freePort(ports.operations) : 0;
    const notifications = await start('notifications', operations ? { OPERATIONS_PORT: String(operations) } : {});
    notifications.operationsUrl = operations ? `http://127.0.0.1:${operations}` : undefined;
    const users = await start('users', { PORT: String(await freePort(ports.users)) });
    return { endpoint, smtpUrl: env.SMTP_URL, env, mail, users, notifications, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startBroker(port) {
  const { startLocalBroker } = await import(BROKER);
  return startLocalBroker({ port });
}
