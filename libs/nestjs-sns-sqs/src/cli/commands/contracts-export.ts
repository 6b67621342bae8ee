import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { contractPackage, typeOnlyEntries } from '../asyncapi/contract-package.js';
import { typesOfSource } from '../asyncapi/typed-source.js';
import { CliError } from '../cli-error.js';
import type { CliCommand } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { documentOf, withDocument, type DocumentOptions } from '../shared-options.js';

interface Options extends DocumentOptions {
  out?: string;
  contract?: string;
  source?: string;
  packageName?: string;
  packageVersion: string;
}

/** `contracts export` */
export const contractsExport: CliCommand<Options> = {
  path: 'contracts export',
  summary:
    'writes a package with the types, schemas and names of a contract, for teams without the code of the service',
  configure: command =>
    withDocument(command)
      .option('--out <folder>', 'the folder to write')
      .option('--contract <service>', 'the service whose contract it is, where the app knows several')
      .option('--source <file>', "the contract's TypeScript file, for entries with typed<T>()")
      .option('--package-name <name>', 'name of the package; by default <service>-contract')
      .option('--package-version <version>', 'version of the package', '1.0.0'),
  async run({ options, io, output }) {
    const { out, contract: wanted, packageVersion: version } = options;
    if (out === undefined) throw new CliError('Name the folder to write: --out contracts/');
    const { contracts } = await documentOf(options, io);
    const known = contracts.map(({ service }) => service).join(', ') || 'none';
    const found = wanted === undefined ? contracts : contracts.filter(({ service }) => service === wanted);
    const [contract] = found;
    if (!contract)
      throw new CliError(
        `The app has no contract${wanted === undefined ? '' : ` of ${wanted}`}. Its contracts: ${known}.`,
      );
    if (found.length > 1)
      throw new CliError(`The app knows several contracts: name one by --contract. Its contracts: ${known}.`);
    const folder = resolve(io.cwd, out);
    const name = options.packageName ?? `${contract.service}-contract`;
    const source = options.source === undefined ? undefined : resolve(io.cwd, options.source);
    const types = source === undefined ? undefined : typesOfSource(source, contract.service, io.cwd);
    const unknown = typeOnlyEntries(contract).filter(each => !types?.has(each));
    await mkdir(folder, { recursive: true });
    const files = Object.entries(contractPackage(contract, { name, version }, types));
    for (const [file, text] of files) await writeFile(join(folder, file), text);
    if (unknown.length > 0) {
      output.note(
        `${unknown.join(', ')}: the payload is \`unknown\` in the package, because the contract has no schema for it. ${source === undefined ? 'Name the TypeScript file of the contract by --source, or write a schema.' : `${options.source} has no typed<T>() for it either.`}`,
      );
    }
    output.result({ folder, name, files: files.map(([file]) => file) }, () => `${name} is in ${folder}.`);
    return EXIT.ok;
  },
};
