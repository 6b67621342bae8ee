// A spec that leaves a server, a socket, a process or a timer behind keeps its worker alive. Jest kills such a worker
// with a warning that names no spec; here the spec fails.
import { TestEnvironment } from 'jest-environment-node';
import { keepCompiledCode } from './code-cache.mjs';
import { leftBeyond, livingResources, openSockets, watchSockets } from './living-resources.mjs';

/** What was closed last may take a moment to end, on a machine that is busy. */
const GRACE_MS = 5_000;

export default class LeavesNothing extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    // Coverage counts blocks, which code that was compiled before it began does not.
    if (!config.globalConfig.collectCoverage) keepCompiledCode();
    this.spec = context.testPath;
    watchSockets(this.spec);
    this.before = livingResources();
  }

  handleTestEvent({ name }) {
    this.hasFailed ||= name === 'test_fn_failure' || name === 'hook_failure';
  }

  async teardown() {
    const left = await leftBeyond(this.before, GRACE_MS);
    await super.teardown();
    if (left.length === 0) return;
    const sockets = left.some(kind => kind.includes('TCPSocket')) ? `. Sockets: ${openSockets().join('; ')}` : '';
    const problem = `${this.spec} leaves behind what keeps a process alive: ${left.join(', ')}. Close it in afterEach or afterAll, or unref() it${sockets}`;
    // A test that failed may not have closed what it had. An error here would take the place of what that test tells.
    if (!this.hasFailed) throw new Error(problem);
    process.stderr.write(`${problem}\n`);
  }
}
