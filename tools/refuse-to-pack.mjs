// `npm pack` and `npm publish` in libs/*: there is nothing built in that folder, and an empty package would be packed.
import { basename } from 'node:path';

const name = basename(process.cwd());
console.error(`
Nothing to pack here: ${name} is built to dist/libs/${name}. Remedy, in the root of the repository:
  npm run build:libs && npm pack ./dist/libs/${name}
`);
process.exit(1);
