/** The form of a diagnosis, and the causes that several areas share. */
import type { DetailsOf, ErrorCode } from '../table/index.ts';

export interface Diagnosis<F> {
	/** One sentence without its full stop; undefined if the details do not identify a cause. */
	readonly mostLikely: (details: F, phase: string) => string | undefined;
	readonly alsoPossible?: (details: F, phase: string) => readonly string[];
	/** Replaces the remedy of the error's row if the cause needs another one. */
	readonly remedy?: (details: F) => string;
}
export interface DiagnosisByCause<F> extends Diagnosis<F> {
	/** Replaces the fields above; the key is the fact `cause`. */
	readonly causes?: Readonly<Record<string, Diagnosis<F>>>;
}
export type DiagnosisTable = { readonly [C in ErrorCode]?: DiagnosisByCause<DetailsOf<C>> };

/** Fixed sentences, for `alsoPossible`. */
export const or = (...lines: string[]) => ({ alsoPossible: () => lines });

/** Explains `current time T1 is before T2`, Go's text for a certificate outside its validity period. */
export function explainValidity(problem: string): string | undefined {
	const [, now, relation, limit] = /current time (\S+) is (before|after) (\S+)/.exec(problem) ?? [];
	if (now === undefined) return undefined;
	return relation === 'before'
		? `the clock of this machine is behind: it shows ${now}, and the certificate is valid from ${limit}`
		: `the certificate expired at ${limit} and was not renewed; the clock of this machine shows ${now}`;
}

export type DialCause = 'refused' | 'timeout' | 'no-such-host' | 'not-tls';

/** Classifies the text of a failed dial. */
export function causeOfDial(problem: string): DialCause | undefined {
	if (problem.includes('ECONNREFUSED')) return 'refused';
	if (/ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/.test(problem)) return 'timeout';
	if (/Name resolution failed|ENOTFOUND|EAI_AGAIN/.test(problem)) return 'no-such-host';
	return /wrong version number|packet length too long|http request/.test(problem) ? 'not-tls' : undefined;
}

/** @param address  HOST:PORT that could not be dialled */
export const diagnoseDial = (address: string) => ({
	refused: {
		mostLikely: () => `no process listens on ${address}: the server is down or uses another port`,
		...or('the address belongs to another machine'),
	},
	timeout: {
		mostLikely: () =>
			`no packets come back from ${address}: the server is paused or overloaded, or a firewall drops the packets`,
		...or('the machine is off, or the address is wrong'),
	},
	'no-such-host': {
		mostLikely: () => `the resolver of this machine does not know the name in ${address}`,
		...or('the name was mistyped'),
	},
	'not-tls': {
		mostLikely: () => `the server on ${address} does not speak TLS: it is a different service`,
		...or('a proxy intercepts the connection'),
	},
});
