/** What the attacker plays, and which power it needs for that. A power is something that was stolen, and is given as a file; nothing is assumed. Pure. */
import { KubejoinError } from '../../lib/errors.ts';

export const powers = {
	P0: 'the network and nothing else',
	P1: 'a stolen bootstrap token',
	P2: 'a stolen node certificate',
	P3: "the stolen key of the cluster's CA",
} as const;
export type Power = keyof typeof powers;

interface ModeRow {
	readonly power: Power;
	/** Who answers a connection: nobody, the genuine API server, the attacker, or the attacker once and then the genuine one. */
	readonly answeredBy: 'nobody' | 'target' | 'attacker' | 'attacker-once';
	/** One line, for people. */
	readonly does: string;
}

export const modes = {
	relay: { power: 'P0', answeredBy: 'target', does: 'passes every connection on to the API server, untouched' },
	sink: { power: 'P0', answeredBy: 'nobody', does: 'accepts every connection and never answers' },
	replay: {
		power: 'P0',
		answeredBy: 'attacker',
		does: 'serves the genuine cluster-info, which anybody may read, as a server of its own CA',
	},
	'forge-unsigned': {
		power: 'P0',
		answeredBy: 'attacker',
		does: 'serves a cluster-info that names its own CA, without a signature',
	},
	'forge-invented-jws': {
		power: 'P0',
		answeredBy: 'attacker',
		does: 'the same, with a signature made with a key that it invented',
	},
	'forge-signed': {
		power: 'P1',
		answeredBy: 'attacker',
		does: 'the same, with a valid signature, made with the token',
	},
	'append-ca': {
		power: 'P1',
		answeredBy: 'attacker',
		does: 'serves the genuine CA with its own after it, validly signed',
	},
	'alter-second': {
		power: 'P1',
		answeredBy: 'attacker-once',
		does: 'signs an altered cluster-info with the genuine CA; the second look goes through',
	},
	impersonate: {
		power: 'P3',
		answeredBy: 'attacker',
		does: 'is the API server, as far as anybody can tell: the CA signs what it wants',
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
