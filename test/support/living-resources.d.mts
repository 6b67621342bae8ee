export declare function livingResources(): Map<string, number>;
export declare function leftBeyond(before: Map<string, number>, graceMs: number): Promise<string[]>;
export declare function watchSockets(spec: string): void;
export declare function openSockets(): string[];
