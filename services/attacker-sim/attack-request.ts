/** Reads the flags of `attacker-sim listen`, and reports all problems together. */

import { causeText, KubejoinError } from '../../lib/errors.ts';
import { readText } from '../../lib/files.ts';
import { type PresentedToken, parseToken } from '../../lib/kube/bootstrap-token.ts';
import type { Pem } from '../../lib/pki/pem.ts';
import { isMode, type Mode, modeNames, type Power, requirePower } from './modes.ts';

export interface ListenFlags {
	readonly address: string;
	readonly port: string;
	readonly target: string;
	readonly clusterCa: string;
	readonly mode: string;
	readonly report: string;
	readonly tokenFile?: string;
	readonly caKeyFile?: string;
	readonly healthPort?: string;
}

export interface AttackRequest {
	readonly address: string;
	/** With 0, the system chooses a port. */
	readonly port: number;
	/** `host:port` */
	readonly target: string;
	readonly clusterCa: Pem;
	readonly mode: Mode;
	readonly report: string;
	readonly token?: PresentedToken;
	readonly caKey?: Pem;
	readonly healthPort?: number;
}

/** @throws ATTACK_ARGUMENTS_INVALID, ATTACK_POWER_MISSING */
export async function readAttackRequest(flags: ListenFlags): Promise<AttackRequest> {
	const { address, target, report, mode } = flags;
	const problems: string[] = [];
	const read = (option: string, path: string): string => {
		try {
			return readText(path);
		} catch (error) {
			problems.push(`${option} ${path} cannot be read: ${causeText(error)}`);
			return '';
		}
	};
	if (!isMode(mode)) problems.push(`--mode ${mode} is unknown; it must be one of ${modeNames.join(', ')}`);
	const port = portNumber('--port', flags.port, 0, problems);
	const healthPort =
		flags.healthPort === undefined ? undefined : portNumber('--health-port', flags.healthPort, 1, problems);
	const clusterCa = await read('--cluster-ca', flags.clusterCa);
	const token =
		flags.tokenFile === undefined ? undefined : tokenOf(await read('--token-file', flags.tokenFile), problems);
	const caKey = flags.caKeyFile === undefined ? undefined : await read('--ca-key-file', flags.caKeyFile);
	if (!isMode(mode) || problems.length > 0) throw new KubejoinError('ATTACK_ARGUMENTS_INVALID', { problems });
	const given: Power[] = [
		...(token === undefined ? [] : ['P1' as const]),
		...(caKey === undefined ? [] : ['P3' as const]),
	];
	requirePower(mode, given);
	return {
		address,
		port,
		target,
		clusterCa,
		mode,
		report,
		...(token === undefined ? {} : { token }),
		...(caKey === undefined ? {} : { caKey }),
		...(healthPort === undefined ? {} : { healthPort }),
	};
}

function portNumber(option: string, text: string, least: number, problems: string[]): number {
	const value = Number(text);
	if (!/^\d{1,5}$/.test(text) || value < least || value > 65_535)
		problems.push(`${option} ${text} is not a whole number from ${least} to 65535`);
	return value;
}

/** Reads a token file, whose contents are in no message. */
export function tokenOf(contents: string, problems: string[]): PresentedToken | undefined {
	const token = parseToken(contents.trim());
	if (token === undefined) problems.push('--token-file does not contain a bootstrap token, ID.SECRET');
	return token;
}
