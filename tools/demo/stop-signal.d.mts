export function stopSignal(): AbortSignal;
export function aborted(signal: AbortSignal): Promise<never>;
