/**
 * OpenSSL reports only that a certificate has expired or is not yet valid, but the reader needs both times to find out
 * which clock is wrong. So this module connects once more to a server that was refused for its dates, and reads the
 * certificate. It sends nothing on that connection and trusts nothing from it.
 */
import { connect, type DetailedPeerCertificate } from 'node:tls';
import { splitHostPort } from '../address.ts';
import { hasCode, KubejoinError } from '../errors.ts';
import { datesProblem } from '../pki/dates.ts';
import { sniOf } from './verify-server.ts';

const TIMEOUT_MS = 2_000;

/**
 * The same error; for a certificate that is not valid now, with the current time and the start or end of its validity.
 *
 * @param serverName  where it is not the host of the target
 */
export async function withDates(error: unknown, serverName?: string): Promise<unknown> {
	if (!hasCode(error, 'PEER_REFUSED') || error.details.cause !== 'time-validity') return error;
	const target = String(error.details.target);
	const dates = dateProblem(await readChain(target, serverName), Date.now());
	if (dates === undefined) return error;
	return new KubejoinError(
		'PEER_REFUSED',
		{ target, cause: 'time-validity', problem: `${error.details.problem}: ${dates}` },
		{ cause: error },
	);
}

/** Of the first certificate whose time it is not. */
export function dateProblem(
	chain: readonly Pick<DetailedPeerCertificate, 'valid_from' | 'valid_to'>[],
	nowMs: number,
): string | undefined {
	for (const { valid_from, valid_to } of chain) {
		const problem = datesProblem(Date.parse(valid_from), Date.parse(valid_to), nowMs);
		if (problem !== undefined) return problem;
	}
	return undefined;
}

/** The certificates that the server presents, its own first; none if it presents none in time. */
function readChain(target: string, serverName: string | undefined): Promise<DetailedPeerCertificate[]> {
	const address = splitHostPort(target);
	if (address === undefined) return Promise.resolve([]);
	return new Promise((resolve) => {
		const socket = connect({
			...address,
			servername: sniOf(serverName ?? address.host),
			ca: [],
			ALPNProtocols: ['h2'],
			rejectUnauthorized: false,
			timeout: TIMEOUT_MS,
		});
		const end = (chain: DetailedPeerCertificate[]) => {
			socket.destroy();
			resolve(chain);
		};
		socket.once('secureConnect', () => end(chainOf(socket.getPeerCertificate(true))));
		for (const event of ['timeout', 'error', 'close']) socket.once(event, () => end([]));
	});
}

function chainOf(leaf: DetailedPeerCertificate): DetailedPeerCertificate[] {
	const chain: DetailedPeerCertificate[] = [];
	for (
		let one: DetailedPeerCertificate | undefined = leaf;
		one?.valid_from !== undefined && !chain.includes(one);
		one = one.issuerCertificate
	)
		chain.push(one);
	return chain;
}
