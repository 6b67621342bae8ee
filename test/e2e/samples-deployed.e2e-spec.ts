import request from 'supertest';
import { describeApp } from '../../libs/nestjs-sns-sqs/src/cli/app/describe-app.js';
import { readApp } from '../../libs/nestjs-sns-sqs/src/cli/app/open-app.js';
import type { TopologyDocument } from '../../libs/nestjs-sns-sqs/src/topology/topology-document.js';
import { describeWithPostgres } from '../support/postgres.js';
import { Samples } from '../support/samples.js';
import { TopologyAccount } from '../support/topology-account.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

type Http = Parameters<typeof request>[0];

describeWithPostgres('the samples on an account that their platform team has deployed', () => {
  const here = world();

  it("do their work with `provisioning: 'off'`, and verify finds no difference", async () => {
    const samples = await Samples.start(here, 'off');
    try {
      // Not closed before the end: the clients of `ClientsModule.register()` belong to every app of the module.
      const read = async (spec: string, make: () => Promise<unknown>) => describeApp(await readApp(make, { spec }));
      const documents: TopologyDocument[] = [
        await read('users', () => samples.users()),
        await read('notifications', async () => (await samples.notifications()).app),
      ];
      const account = new TopologyAccount(here);
      // Each subscribes to the other: the topics first.
      for (const document of documents) await account.deploy(document, { topics: 'only' });
      for (const document of documents) {
        await account.deploy(document, { topics: 'none', alarms: { ageSeconds: 900, actions: [] } });
      }
      for (const document of documents) {
        const { code, io } = await account.command(document, 'topology', 'diff');
        expect([io.out(), code]).toEqual(['The account has everything that the handlers need, and nothing else.\n', 0]);
      }

      const { app: notifications } = await samples.notifications();
      await notifications.listen();
      const users = await samples.users();
      await users.init();
      await users.startAllMicroservices();
      const http = users.getHttpServer() as Http;
      const { body } = await request(http).post('/users').send({ email: 'ada@example.com', name: 'Ada' }).expect(201);
      const { id } = body as { id: string };
      await waitFor('the mail, and that users knows of it', async () => {
        const user = await request(http).get(`/users/${id}`).expect(200);
        return (user.body as { welcomedAt: string | null }).welcomedAt !== null;
      });
      expect(samples.mails).toEqual(['ada@example.com']);
      expect(here.logs.all().join('\n')).not.toMatch(/created queue|subscribed|repaired/);
    } finally {
      samples.end();
    }
  });
});
