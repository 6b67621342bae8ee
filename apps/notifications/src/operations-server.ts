import { createServer, type Server } from 'node:http';
import { SnsSqsHealthIndicator, type ServerSQS } from 'nestjs-sns-sqs';
import type { Registry } from 'prom-client';

/**
 * `/metrics`, `/health/live` and `/health/ready` of a service that serves no HTTP otherwise. It keeps no process alive.
 * @param port 0: the system gives a free one
 */
export function serveOperations(server: ServerSQS, registry: Registry, port: number): Promise<Server> {
  const health = new SnsSqsHealthIndicator(server);
  const answers: Record<string, () => Promise<{ status: number; type: string; text: string }>> = {
    '/metrics': async () => ({ status: 200, type: registry.contentType, text: await registry.metrics() }),
    '/health/live': () => Promise.resolve(json(health.isAlive('sqs'))),
    '/health/ready': async () => json(await health.isReady('sqs')),
  };
  const http = createServer((request, response) => {
    const answer = answers[request.url ?? ''];
    if (!answer) return void response.writeHead(404).end();
    answer().then(
      ({ status, type, text }) => response.writeHead(status, { 'content-type': type }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  return new Promise((resolve, reject) => {
    http.once('error', reject);
    http.listen(port, '127.0.0.1', () => resolve(http.unref()));
  });
}

const json = (result: Record<'sqs', { status: 'up' | 'down' }>) => ({
  status: result.sqs.status === 'up' ? 200 : 503,
  type: 'application/json',
  text: JSON.stringify(result),
});
