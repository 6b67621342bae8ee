/**
 * The state of a context of ours, from an RPC handler's second argument (of an HTTP handler that is a response), where it
 * has the method `key`; undefined: another transport's.
 */
export function contextState<State extends object>(context: unknown, key: symbol): State | undefined {
  const { getArgByIndex } = (context ?? {}) as { getArgByIndex?: (index: number) => unknown };
  const state = typeof getArgByIndex === 'function' ? getArgByIndex.call(context, 0) : undefined;
  return typeof state === 'object' && state !== null && key in state ? (state as State) : undefined;
}
