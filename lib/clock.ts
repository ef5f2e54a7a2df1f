/** The one place that reads the time. Domain code takes a Clock as an argument, so tests need no sleeping. */

/** Milliseconds since the Unix epoch. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();

/** RFC 3339 in UTC with whole seconds, as Kubernetes writes `metav1.Time`: `2026-01-31T12:00:00Z`. */
export const rfc3339 = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** RFC 3339 in UTC with microseconds, as Kubernetes writes `metav1.MicroTime`: `2026-01-31T12:00:00.000000Z`. */
export const rfc3339Micro = (ms: number): string => `${new Date(ms).toISOString().slice(0, 23)}000Z`;
