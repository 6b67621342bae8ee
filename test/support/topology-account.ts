import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from '../../libs/nestjs-sns-sqs/src/cli/run-cli.js';
import { cloudFormationOf } from '../../libs/nestjs-sns-sqs/src/topology/export/cloudformation.js';
import type { ExportOptions } from '../../libs/nestjs-sns-sqs/src/topology/export/export-options.js';
import type { TopologyDocument } from '../../libs/nestjs-sns-sqs/src/topology/topology-document.js';
import { testIo, type TestIo } from '../../libs/nestjs-sns-sqs/test/cli-io.js';
import { deployByCloudFormation, deployByHand } from './template-deployment.js';
import type { World } from './world.js';

const HAS_CLOUDFORMATION = process.env['E2E_SERVER'] === 'localstack';

export interface CommandEnd {
  code: number;
  io: TestIo;
}

/** The account of a test, as a platform team and the command see it. */
export class TopologyAccount {
  private stacks = 0;

  constructor(private readonly here: World) {}

  /** Deploys the template of a document: by the endpoint's own CloudFormation where it has one. */
  async deploy(document: TopologyDocument, options: ExportOptions = {}): Promise<void> {
    const template = cloudFormationOf(document, options);
    const { endpoint, region } = this.here.aws;
    const stack = `${this.here.prefix}stack-${(this.stacks += 1)}`;
    if (HAS_CLOUDFORMATION) await deployByCloudFormation(JSON.stringify(template), { endpoint, region, stack });
    else await deployByHand(template, { ...this.here.clients, region });
  }

  /** Runs a command for a document, against the account. */
  async command(document: TopologyDocument, ...argv: string[]): Promise<CommandEnd> {
    const folder = await mkdtemp(join(tmpdir(), 'topology-'));
    const file = join(folder, 'topology.json');
    await writeFile(file, JSON.stringify(document));
    const { endpoint, region, credentials } = this.here.aws;
    const io = testIo();
    const before = { ...process.env };
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    });
    try {
      const code = await runCli([...argv, '--from', file, '--endpoint', endpoint, '--region', region], io);
      return { code, io };
    } finally {
      process.env = before;
      await rm(folder, { recursive: true });
    }
  }
}
