/**
 * What the attacker saw and what it got, as a file that is whole at any time and that only its owner may read. Bytes of secrets are counted in
 * it; a secret is never in it.
 */
import { writeWholeFile } from '../../lib/files.ts';
import type { Mode, Power } from './modes.ts';

export interface Report {
	readonly mode: Mode;
	readonly power: Power;
	/** `address:port` */
	readonly listening: string;
	/** Pin of the attacker's own CA; absent where it uses the cluster's, or none. */
	readonly ownCaPin?: string;
	/** TCP connections that were accepted, whatever became of them. */
	readonly connections: number;
	/** Bytes that came from nodes, and that went to them; encrypted or not. */
	readonly bytes: { readonly received: number; readonly sent: number };
	/** Handshakes with the attacker's own TLS that succeeded. */
	readonly tlsHandshakes: number;
	/** The first thousand. */
	readonly requests: readonly { readonly method: string; readonly atMs: number }[];
	readonly requestCount: number;
	/** Bytes of secret halves of bootstrap tokens that were sent to the attacker in a form that it can read. */
	readonly tokenBytes: number;
	/** Public halves of them. */
	readonly tokensSeen: readonly string[];
	/** Subjects of the client certificates that were shown. */
	readonly clientCertificates: readonly string[];
	/** Nodes that took the attacker for their cluster, with the serial number of the certificate that it gave them. */
	readonly captured: readonly { readonly node: string; readonly serial: string }[];
	readonly problem?: string;
}

export const MAX_REQUESTS = 1_000;

export const emptyReport = (mode: Mode, power: Power, listening: string): Report => ({
	mode,
	power,
	listening,
	connections: 0,
	bytes: { received: 0, sent: 0 },
	tlsHandshakes: 0,
	requests: [],
	requestCount: 0,
	tokenBytes: 0,
	tokensSeen: [],
	clientCertificates: [],
	captured: [],
});

export interface Recorder {
	readonly report: () => Report;
	/** Put something in; the file follows. */
	readonly change: (what: (report: Report) => Partial<Report>) => void;
	/** Resolves when the file says what the report says. @throws FILE_UNUSABLE */
	readonly written: () => Promise<void>;
}

/** @param write  default: replace the whole file, 0600 */
export function createRecorder(
	path: string,
	first: Report,
	write: (contents: string) => Promise<void> = (contents) => writeWholeFile(path, contents, 0o600),
): Recorder {
	let report = first;
	let isWritten = false;
	let writing: Promise<void> | undefined;
	async function writeAll(): Promise<void> {
		try {
			while (!isWritten) {
				isWritten = true;
				await write(`${JSON.stringify(report, null, 2)}\n`);
			}
		} finally {
			writing = undefined;
		}
	}
	const written = (): Promise<void> => {
		writing ??= writeAll();
		return writing;
	};
	return {
		report: () => report,
		change(what) {
			report = { ...report, ...what(report) };
			isWritten = false;
			// Whoever waits for it is told what went wrong; the next change tries again.
			written().catch(() => {
				isWritten = false;
			});
		},
		written,
	};
}

/** With `item` at the end, unless it is there. */
export const including = <T>(list: readonly T[], ...items: readonly T[]): readonly T[] => [
	...new Set([...list, ...items]),
];
