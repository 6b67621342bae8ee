export const GROUPS: { text: string; pages: [path: string, title: string][] }[];
