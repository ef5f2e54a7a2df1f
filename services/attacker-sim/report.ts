/**
 * The report of the attacker, a file that is replaced atomically, mode 0600. It counts bytes of secrets and contains
 * no secret.
 */
import { writeWholeFile } from '../../lib/files.ts';
import type { Mode, Power } from './modes.ts';

export interface Report {
	readonly mode: Mode;
	readonly power: Power;
	/** `address:port` */
	readonly listening: string;
	/** Pin of the attacker's own CA. */
	readonly ownCaPin?: string;
	/** Accepted TCP connections. */
	readonly connections: number;
	/** Bytes from and to nodes, encrypted or not. */
	readonly bytes: { readonly received: number; readonly sent: number };
	/** Successful handshakes with the attacker's own TLS. */
	readonly tlsHandshakes: number;
	/** At most MAX_REQUESTS, the oldest. */
	readonly requests: readonly { readonly method: string; readonly atMs: number }[];
	readonly requestCount: number;
	/** Bytes of bootstrap token secrets that the attacker received in plain text. */
	readonly tokenBytes: number;
	/** IDs of the received tokens. */
	readonly tokensSeen: readonly string[];
	/** Subjects of the received client certificates. */
	readonly clientCertificates: readonly string[];
	/** Nodes that joined the attacker's cluster, with the serial number of their certificate. */
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
	/** Change the report and write the file. */
	readonly change: (what: (report: Report) => Partial<Report>) => void;
	/** Resolves when the file contains the current report. @throws FILE_UNUSABLE */
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
			do {
				isWritten = true;
				await write(`${JSON.stringify(report, null, 2)}\n`);
			} while (!isWritten);
		} finally {
			writing = undefined;
		}
	}
	const written = (): Promise<void> => {
		if (!isWritten) writing ??= writeAll();
		return writing ?? Promise.resolve();
	};
	return {
		report: () => report,
		change(what) {
			report = { ...report, ...what(report) };
			isWritten = false;
			// `written` reports the failure to its caller; the next change retries.
			written().catch(() => {
				isWritten = false;
			});
		},
		written,
	};
}

/** Appends the items that are not in the list. */
export const including = <T>(list: readonly T[], ...items: readonly T[]): readonly T[] => [
	...new Set([...list, ...items]),
];
