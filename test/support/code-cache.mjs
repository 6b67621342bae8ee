import v8 from 'node:v8';
import vm from 'node:vm';

const { compileFunction, SourceTextModule } = vm;

/** Code that loads modules at run time. V8 asks the script itself for them, so that such scripts share nothing. */
const LOADS_LATER = /\bimport\s*\(/;

/** What is known of each source, by its name; another source of that name takes its place. */
class BySource {
  #known = new Map();

  of(name, source, make) {
    let known = this.#known.get(name);
    if (known?.source !== source) {
      known = { source, ...make(source) };
      this.#known.set(name, known);
    }
    return known;
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
  vm.compileFunction = functionsOf(new BySource());
  // Absent without --experimental-vm-modules.
  if (SourceTextModule) vm.SourceTextModule = modulesOf(new BySource());
}

/**
 * CommonJS. V8 gives one script for the same text with the same origin, with the functions that earlier specs have
 * called, and which it has therefore compiled. It does so for scripts, not for `compileFunction`.
 */
function functionsOf(sources) {
  return (source, parameters = [], options = {}) => {
    const { filename, importModuleDynamically, parsingContext } = options;
    // Only at the start of a script is it a comment.
    if (source.startsWith('#!')) return compileFunction(source, parameters, options);
    const known = sources.of(`${filename} ${parameters.join()}`, source, () => ({
      start: `(function (${parameters.join()}) {`,
      loadsLater: LOADS_LATER.test(source),
    }));
    const origin = { filename, columnOffset: -known.start.length };
    if (known.loadsLater) {
      // What was compiled until its second use.
      known.data ??= known.script?.createCachedData();
      Object.assign(origin, { importModuleDynamically, cachedData: known.data });
    }
    known.script = new vm.Script(`${known.start}${source}\n})`, origin);
    return known.script.runInContext(parsingContext);
  };
}

/** ES modules: each is a script of its own, made of what V8 has written down of the first. */
function modulesOf(sources) {
  return class extends SourceTextModule {
    constructor(source, options = {}) {
      const known = sources.of(options.identifier, source, () => ({}));
      const isFirst = known.data === undefined;
      // With its functions: nothing can be added once the module has run.
      if (isFirst) v8.setFlagsFromString('--no-lazy');
      try {
        super(source, isFirst ? options : { ...options, cachedData: known.data });
      } finally {
        if (isFirst) v8.setFlagsFromString('--lazy');
      }
      if (isFirst) known.data = this.createCachedData();
    }
  };
}
