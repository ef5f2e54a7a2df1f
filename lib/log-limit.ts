/**
 * Limits the log lines that one source can cause: an address, or a kind of refusal. It writes the first ones of each
 * second, counts the others, and logs their number.
 */
import { type CountRefusal, limits } from './limits.ts';
import type { Log } from './log.ts';

/** Writes the line, unless the source has caused too many in this second. */
export type LimitLines = (source: string, write: () => void) => void;

const SECOND_MS = 1_000;
/** Sources with a window of their own. All others share one, so that many of them fill neither log nor memory. */
const SOURCES = 1_000;
const OTHERS = 'other sources';

interface Window {
	lines: number;
	suppressed: number;
}

/** @param later  runs its argument a second later */
export function limitLines(
	log: Pick<Log, 'warn'>,
	count: CountRefusal = () => undefined,
	later: (work: () => void) => void = (work) => void setTimeout(work, SECOND_MS).unref(),
): LimitLines {
	const windows = new Map<string, Window>();
	function open(source: string): Window {
		const window: Window = { lines: 0, suppressed: 0 };
		windows.set(source, window);
		later(() => {
			windows.delete(source);
			const { suppressed } = window;
			if (suppressed > 0) log.warn({ source, suppressed }, `suppressed ${suppressed} lines`);
		});
		return window;
	}
	return (source, write) => {
		const key = windows.has(source) || windows.size < SOURCES ? source : OTHERS;
		const window = windows.get(key) ?? open(key);
		if (window.lines < limits.logLinesPerSecond.value) {
			window.lines += 1;
			write();
			return;
		}
		window.suppressed += 1;
		count('logLinesPerSecond');
	};
}

/** The address of `address:port`. */
export const withoutPort = (peer: string): string => peer.replace(/:\d+$/, '');
