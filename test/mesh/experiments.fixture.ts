/** Experiments that do nothing to a mesh: for tests of how they are run and shown. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';

const activity = (type: 'probe' | 'action', name: string, program: string) => ({
	type,
	name,
	...(type === 'probe' ? { tolerance: 0 } : {}),
	provider: { type: 'process', path: process.execPath, arguments: ['-e', program] },
});
const experiment = (
	id: string,
	title: string,
	security: 'held' | 'violated',
	method: readonly object[],
	rollbacks: readonly object[] = [],
) => ({
	title,
	description:
		'A node joins with a token and no pin. An attacker that holds the token signs its own cluster-info and acts as a man in the middle.',
	contributions: { security, availability: 'held' },
	extensions: [
		{
			name: 'kubejoin',
			id,
			tier: 'A',
			lesson: 'A token proves that both sides know it. It does not prove that the other side is the cluster.',
		},
	],
	'steady-state-hypothesis': { title: 'all is well', probes: [activity('probe', 'every-node-is-ready', nothing)] },
	method,
	rollbacks,
});
const nothing = '0';
const wait = (ms: number) => `setTimeout(() => undefined, ${ms})`;
const verdicts = (security: string) =>
	`console.log('security: ${security} by the test'); console.log('availability: held')`;

const experiments = {
	'no-pin': experiment(
		'X06',
		'Without a pin, a node trusts any holder of the token',
		'violated',
		[
			activity('action', 'start-the-attacker', nothing),
			activity('action', 'join-without-a-pin', wait(3_000)),
			activity('probe', 'who-was-believed', verdicts('violated')),
		],
		[activity('action', 'stop-the-attacker', nothing)],
	),
	slow: experiment(
		'X07',
		'It takes its time',
		'held',
		[activity('action', 'wait-for-long', wait(60_000))],
		[activity('action', 'put-it-right', nothing)],
	),
	unlike: experiment('X08', 'It does not go as predicted', 'held', [
		activity('probe', 'who-was-believed', verdicts('violated')),
	]),
};

/** @returns a directory with `no-pin`, `slow`, `unlike`, and a file that is none */
export function writeExperiments(): string {
	const directory = mkdtempSync(join(tmpdir(), 'kubejoin-experiments-'));
	for (const [name, document] of Object.entries(experiments))
		writeFileSync(join(directory, `${name}.yaml`), stringify(document));
	writeFileSync(join(directory, 'half-written.yaml'), 'title: [');
	return directory;
}
