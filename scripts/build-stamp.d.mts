export function sourcesDigest(root: string): string;
export function writeStamp(root: string, sources: string): void;
export function removeStamp(root: string): void;
export function isBuilt(root: string): boolean;
