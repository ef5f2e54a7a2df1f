/**
 * The keys by which programs authenticate to the observer. infra/pki makes one root key, which the observer alone
 * holds, and derives of it a key for each program: a program with its key can send spans in its own name and in no
 * other.
 */
import { hkdfSync } from 'node:crypto';

/** Programs whose spans the observer accepts. Each finds its key in `PKI/PROGRAM/traces-key`. */
export const tracedPrograms = [
	'ca-service',
	'token-store',
	'apiserver-sim',
	'controller-manager-sim',
	'kubelet-sim',
	'attacker-sim',
] as const;
export type TracedProgram = (typeof tracedPrograms)[number];

const KEY_BYTES = 32;

/** The key of a program, base64url. @source RFC 5869 */
export const deriveTracesKey = (rootKey: string, program: TracedProgram): string =>
	Buffer.from(hkdfSync('sha256', rootKey, '', `kubejoin traces ${program}`, KEY_BYTES)).toString('base64url');

/** Where infra/pki writes the key, from the top of the PKI directory. */
export const tracesKeyPath = (program: TracedProgram | 'observer'): string => `${program}/traces-key`;
