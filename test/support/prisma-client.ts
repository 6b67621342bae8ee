import { PrismaPg } from '@prisma/adapter-pg';
import { getPrismaClient, type GetPrismaClientConfig } from '@prisma/client/runtime/client';

/** A Prisma client, as far as the specs use it. */
export interface PrismaClient {
  $queryRawUnsafe(query: string, ...values: unknown[]): PromiseLike<unknown>;
  $executeRawUnsafe(query: string, ...values: unknown[]): PromiseLike<number>;
  $transaction(work: (tx: PrismaClient) => Promise<void>): Promise<void>;
  $connect(): Promise<void>;
  $disconnect(): Promise<void>;
}

/** It has no types. */
const COMPILER = '@prisma/client/runtime/query_compiler_small_bg.postgresql';

/** What `prisma generate` writes for a schema without models: the generator is a package of its own, and large. */
const GENERATED: GetPrismaClientConfig = {
  previewFeatures: [],
  clientVersion: '7.10.0',
  engineVersion: 'none',
  activeProvider: 'postgresql',
  inlineSchema: 'datasource db {\n  provider = "postgresql"\n}\n',
  runtimeDataModel: { models: {}, enums: {}, types: {} },
  parameterizationSchema: { strings: [], graph: Buffer.alloc(32).toString('base64url') },
  compilerWasm: {
    getRuntime: async () => (await import(`${COMPILER}.mjs`)) as never,
    getQueryCompilerWasmModule: async () => {
      const { wasm } = (await import(`${COMPILER}.wasm-base64.mjs`)) as { wasm: string };
      return new WebAssembly.Module(Buffer.from(wasm, 'base64'));
    },
    importName: './query_compiler_small_bg.js',
  },
};

/** Prisma's own client and its adapter for `pg`, on a database. */
export async function prismaClientOn(url: string): Promise<PrismaClient> {
  const Client = getPrismaClient(GENERATED) as unknown as new (options: object) => PrismaClient;
  const client = new Client({ adapter: new PrismaPg({ connectionString: url }) });
  await client.$connect();
  return client;
}
