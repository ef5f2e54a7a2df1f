/**
 * The log of a simulated container: no process writes it, so that its lines follow from the time at which the container
 * started, and nothing stores them.
 *
 * @source pkg/kubelet/kuberuntime/logs ReadLogs
 */
import { rfc3339 } from '../../../lib/clock.ts';
import { limits } from '../../../lib/limits.ts';
import { printable } from '../../../lib/text.ts';

export interface LogOptions {
	readonly follow: boolean;
	readonly timestamps: boolean;
	readonly tailLines: number | undefined;
	readonly limitBytes: number | undefined;
	/** Milliseconds since the epoch: lines before are left out. */
	readonly sinceMs: number | undefined;
}
export interface SimulatedContainer {
	readonly image: string;
	readonly startedMs: number;
	/** Absent: the container runs. */
	readonly endedMs?: number | undefined;
}

export const LINE_INTERVAL_MS = 10_000;
const MAX_IMAGE_LENGTH = 256;

interface Line {
	readonly atMs: number;
	readonly text: string;
}

/** The first two lines are of the start; each later one is of the end of an interval. */
function lineAt({ image, startedMs }: SimulatedContainer, index: number): Line {
	if (index === 0) {
		const named = printable(image, { maxLength: MAX_IMAGE_LENGTH });
		return {
			atMs: startedMs,
			text: `kubelet-sim: this container is simulated: ${named} was not pulled, no process runs`,
		};
	}
	const seconds = (index * LINE_INTERVAL_MS) / 1000;
	return { atMs: startedMs + index * LINE_INTERVAL_MS, text: `kubelet-sim: simulated for ${seconds} s` };
}

const lineCount = ({ startedMs, endedMs }: SimulatedContainer, nowMs: number): number =>
	Math.max(0, Math.floor((Math.min(nowMs, endedMs ?? nowMs) - startedMs) / LINE_INTERVAL_MS) + 1);

/** The lines that a request reads now: from this one to before that one. */
export function lineRange(
	container: SimulatedContainer,
	{ tailLines, sinceMs }: Pick<LogOptions, 'tailLines' | 'sinceMs'>,
	nowMs: number,
): { readonly from: number; readonly to: number } {
	const to = lineCount(container, nowMs);
	const kept = Math.min(tailLines ?? limits.simulatedLogLines.value, limits.simulatedLogLines.value);
	const sinceLine = sinceMs === undefined ? 0 : Math.ceil((sinceMs - container.startedMs) / LINE_INTERVAL_MS);
	return { from: Math.min(to, Math.max(0, to - kept, sinceLine)), to };
}

const lineText = (container: SimulatedContainer, index: number, timestamps: boolean): string => {
	const { atMs, text } = lineAt(container, index);
	return `${timestamps ? `${rfc3339(atMs).replace('Z', '.000000000Z')} ` : ''}${text}\n`;
};

export interface ReadLogTools {
	/** The container now: it can end while its log is followed. Undefined: the pod is gone. */
	readonly container: () => SimulatedContainer | undefined;
	readonly nowMs: () => number;
	readonly waitUntil: (atMs: number, signal: AbortSignal) => Promise<void>;
	/** Aborts when the caller has gone, or the container has ended. */
	readonly signal: AbortSignal;
}

/** The lines, and with `follow` each later one as its time comes. */
export async function* readLog(options: LogOptions, tools: ReadLogTools): AsyncGenerator<string> {
	const { container, nowMs, waitUntil, signal } = tools;
	const first = container();
	if (first === undefined) return;
	let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
	let { from } = lineRange(first, options, nowMs());
	for (;;) {
		const present = container();
		if (present === undefined) return;
		for (const to = lineCount(present, nowMs()); from < to; from++) {
			const line = Buffer.from(lineText(present, from, options.timestamps));
			yield line.subarray(0, left).toString();
			left -= line.length;
			if (left <= 0 || signal.aborted) return;
		}
		if (!options.follow || present.endedMs !== undefined || signal.aborted) return;
		await waitUntil(present.startedMs + from * LINE_INTERVAL_MS, signal);
		if (signal.aborted) return;
	}
}
