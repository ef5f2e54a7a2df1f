/** The output of the attacker. It contains no secret; text with the form of a token is masked when it is printed. */
import pc from 'picocolors';
import { printedText } from '../../lib/chinese/index.ts';
import type { KubejoinError } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import { type Mode, powers, rowOf } from './modes.ts';

export const warning = (): string =>
	pc.red(
		pc.bold(
			[
				'',
				...[
					'THIS IS AN ATTACKER for the simulated mesh of this project only.',
					'A node that connects to it must not trust it.',
				].map((line) => printedText(line)),
				'',
			].join('\n'),
		),
	);

export const listeningText = (mode: Mode, listening: string, target: string): string => {
	const { power, does } = rowOf(mode);
	const place = `On ${listening}, between a node and ${target}`;
	return printedText(`[attacker] ${place}. Power ${power}: ${powers[power]}. Mode ${mode}: ${does}`);
};

export const connectedText = (peer: string): string => printedText(`[attacker] ${peer} connected`);

/** @param credential  the caller's credential in words */
export const heardText = (method: string, credential: string, tokenBytes: number): string => {
	const line = printable(`[attacker] received ${method.replace('/kubejoin.v1.', '')}, ${credential}`);
	if (tokenBytes === 0) return printedText(line);
	return pc.red(printedText(`${line}: ${tokenBytes} bytes of a token's secret were sent to it`));
};

export const capturedText = (node: string, serial: string): string =>
	pc.red(
		printedText(`[attacker] CAPTURED ${printable(node)}: it trusts the attacker as its cluster; certificate ${serial}`),
	);

/** The first line of an attempt. */
export const refusedText = ({ code, message }: KubejoinError): string => `outcome: refused ${code}: ${message}`;
