import vm from 'node:vm';

const { compileFunction, SourceTextModule } = vm;

/** What V8 has made of a source, by the source's name; another source of that name takes its place. */
class Compiled {
  #known = new Map();

  /** Undefined: this source is not known. */
  dataOf(name, source) {
    const known = this.#known.get(name);
    return known?.source === source ? known.data : undefined;
  }

  keep(name, source, data) {
    if (data) this.#known.set(name, { source, data });
  }
}

let isOn = false;

/**
 * From now on a source that this worker has compiled for one spec is not parsed anew for the next. Each spec still runs
 * modules of its own: V8 keeps code here, and no values. Idempotent.
 */
export function keepCompiledCode() {
  if (isOn) return;
  isOn = true;
  const functions = new Compiled();
  vm.compileFunction = (source, parameters = [], options = {}) => {
    // V8 compares the sources only.
    const name = `${options.filename} ${parameters.join()}`;
    const cachedData = functions.dataOf(name, source);
    if (cachedData) return compileFunction(source, parameters, { ...options, cachedData });
    const compiled = compileFunction(source, parameters, { ...options, produceCachedData: true });
    functions.keep(name, source, compiled.cachedData);
    return compiled;
  };

  const modules = new Compiled();
  // Absent without --experimental-vm-modules.
  if (!SourceTextModule) return;
  vm.SourceTextModule = class extends SourceTextModule {
    constructor(source, options = {}) {
      const cachedData = modules.dataOf(options.identifier, source);
      super(source, cachedData ? { ...options, cachedData } : options);
      if (!cachedData) modules.keep(options.identifier, source, this.createCachedData());
    }
  };
}
