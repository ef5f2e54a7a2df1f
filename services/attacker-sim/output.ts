/** What the attacker tells the person who runs it. A secret is in none of it; what looks like a token is masked where it is printed. */
import pc from 'picocolors';
import type { KubejoinError } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import { type Mode, powers, rowOf } from './modes.ts';

export const warning = (): string =>
	pc.red(
		pc.bold(
			[
				'',
				'THIS IS AN ATTACKER, for the simulated mesh of this project and nothing else.',
				'A node that is pointed at it should not trust it. See what happens when it does.',
				'',
			].join('\n'),
		),
	);

export const listeningText = (mode: Mode, listening: string, target: string): string => {
	const { power, does } = rowOf(mode);
	return `[attacker] On ${listening}, between a node and ${target}. Power ${power}: ${powers[power]}. Mode ${mode}: ${does}`;
};

export const connectedText = (peer: string): string => `[attacker] ${peer} connected`;

/** @param credential  how the caller proved itself, in words */
export const heardText = (method: string, credential: string, tokenBytes: number): string => {
	const line = printable(`[attacker] heard ${method.replace('/kubejoin.v1.', '')}, ${credential}`);
	return tokenBytes === 0 ? line : pc.red(`${line}: ${tokenBytes} bytes of a token's secret were sent to it`);
};

export const capturedText = (node: string, serial: string): string =>
	pc.red(`[attacker] CAPTURED ${printable(node)}: it takes the attacker for its cluster; certificate ${serial}`);

/** The first line of a command that tries something once. */
export const refusedText = ({ code, message }: KubejoinError): string => `outcome: refused ${code}: ${message}`;
