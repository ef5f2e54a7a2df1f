/** The attacks, and the power that each requires. A power is a stolen file, or only the network. */
import { KubejoinError } from '../../lib/errors.ts';

export const powers = {
	P0: 'only the network',
	P1: 'a stolen bootstrap token',
	P2: 'a stolen node certificate',
	P3: "the stolen key of the cluster's CA",
} as const;
export type Power = keyof typeof powers;

interface ModeRow {
	readonly power: Power;
	/** `attacker-once`: the API server answers after the first cluster-info. */
	readonly answeredBy: 'none' | 'target' | 'attacker' | 'attacker-once';
	readonly does: string;
}

export const modes = {
	relay: { power: 'P0', answeredBy: 'target', does: 'forwards every connection to the API server unchanged' },
	sink: { power: 'P0', answeredBy: 'none', does: 'accepts every connection and never answers' },
	replay: {
		power: 'P0',
		answeredBy: 'attacker',
		does: 'serves the genuine, public cluster-info with a server certificate of its own CA',
	},
	'forge-unsigned': {
		power: 'P0',
		answeredBy: 'attacker',
		does: 'serves a cluster-info with its own CA, without a signature',
	},
	'forge-invented-jws': {
		power: 'P0',
		answeredBy: 'attacker',
		does: 'the same, with a signature by an invented key',
	},
	'forge-signed': {
		power: 'P1',
		answeredBy: 'attacker',
		does: 'the same, with a valid signature by the token',
	},
	'append-ca': {
		power: 'P1',
		answeredBy: 'attacker',
		does: 'serves the genuine CA and its own, with a valid signature',
	},
	'alter-second': {
		power: 'P1',
		answeredBy: 'attacker-once',
		does: 'serves an altered, validly signed cluster-info with the genuine CA; forwards the second request',
	},
	impersonate: {
		power: 'P3',
		answeredBy: 'attacker',
		does: 'impersonates the API server with certificates of the stolen CA',
	},
} as const satisfies Readonly<Record<string, ModeRow>>;
export type Mode = keyof typeof modes;

export const modeNames = Object.keys(modes) as readonly Mode[];
export const isMode = (text: string): text is Mode => (modeNames as readonly string[]).includes(text);
export const rowOf = (mode: Mode): ModeRow => modes[mode];

const options: Readonly<Record<Power, string>> = {
	P0: '',
	P1: '--token-file FILE',
	P2: '--kubeconfig FILE',
	P3: '--ca-key-file FILE',
};

/** @throws ATTACK_POWER_MISSING */
export function requirePower(mode: Mode, given: readonly Power[]): void {
	const { power } = rowOf(mode);
	if (power === 'P0' || given.includes(power)) return;
	throw new KubejoinError('ATTACK_POWER_MISSING', {
		mode,
		power: `${powers[power]} (${power})`,
		option: options[power],
	});
}
