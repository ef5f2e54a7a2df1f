import { humanDuration } from '../duration.ts';
import type { KubeObject } from '../types.ts';

export type Cell = string | number | boolean;
/** @param nowMs  Unix time in milliseconds */
export type Cells<T extends KubeObject = KubeObject> = (object: T, nowMs: number) => Cell[];

/** @param time  `metav1.Time` or `metav1.MicroTime` */
export const since = (time: string | undefined | null, nowMs: number): string =>
	time ? humanDuration(nowMs - Date.parse(time)) : '<unknown>';
export const age = ({ metadata }: KubeObject, nowMs: number): string => since(metadata.creationTimestamp, nowMs);
