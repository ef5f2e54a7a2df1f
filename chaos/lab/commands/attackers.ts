/** Verbs about attackers and stolen things, and the attack matrix. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { parseCertificates } from '../../../lib/pki/certificate.ts';
import { spkiPin } from '../../../lib/pki/pin.ts';
import { matrixText, runMatrix } from '../attack-matrix/matrix.ts';
import { startProgram } from '../attack-matrix/start-program.ts';
import type { LabContext } from '../context.ts';
import { EXIT_MISMATCH, type Result, type Stealable, stealable } from '../drivers/driver.ts';
import { type AttackFlags, attackReport, attackText, startAttacker } from '../faults/attackers.ts';
import { tryStolen } from '../faults/stolen-credentials.ts';
import { resetNodes } from '../reset.ts';
import { createToken, tokenOf } from '../tokens.ts';
import { labName, lookUntil, type OnNodes, type OnServices, oneOf, type Until, untilOptions } from './arguments.ts';

const toSteal = (thing: string): Stealable => oneOf('thing to steal', stealable, thing);

export function addAttackers(program: Command, onNodes: OnNodes, onServices: OnServices): void {
	const modes = [
		'relay',
		'sink',
		'replay',
		'forge-unsigned',
		'forge-invented-jws',
		'forge-signed',
		'append-ca',
		'alter-second',
		'impersonate',
	];
	program
		.command('attack')
		.argument('<name>', 'what the experiment calls it', labName)
		.description('start an attacker between nodes and the API server')
		.addOption(new Option('--mode <mode>', 'what it does').choices(modes).makeOptionMandatory())
		.option('--token <name>', 'that it has stolen')
		.option('--unnamed', 'it listens on an address that is not in the certificate of the API server')
		.option('--ca-key <file>', 'that it has stolen; steal prints it')
		.action(
			onNodes(async (context, name: string, flags: AttackFlags) => {
				await startAttacker(context, name, flags);
				return `${name} listens on ${(await attackReport(context, name)).listening}`;
			}),
		);
	untilOptions(program.command('attacker <name>').description('what it saw and got')).action(
		onNodes((context, name: string, until: Until) =>
			lookUntil(async () => attackText(name, await attackReport(context, name)), until),
		),
	);
	program
		.command('steal <thing>')
		.description(`one of ${stealable.join(', ')}; prints the directory that holds it`)
		.action(onServices((driver, thing: string) => driver.steal(toSteal(thing))));
	program
		.command('try [arguments...]')
		.description(
			'run a command of attacker-sim; {target}, {cluster-ca}, {address:SERVICE}, {token:NAME}, {kubeconfig:NODE}, {certificate:NODE}, {stolen} are filled in',
		)
		.option('--stolen <directory>', 'what steal printed')
		.option('--steal <thing>', 'steal this first')
		.passThroughOptions()
		.action(async (values: string[], { stolen, steal }: { stolen?: string; steal?: string }, command: Command) => {
			if (steal === undefined) {
				await onNodes((context, given: string[]) => tryStolen(context, given, stolen))(values, command);
				return;
			}
			const thing = toSteal(steal);
			await onServices(async (driver, given: string[]) =>
				driver.runInLab(['try', '--stolen', await driver.steal(thing), ...given]),
			)(values, command);
		});
}

export function addMatrix(
	program: Command,
	onNodes: OnNodes,
	onServices: OnServices,
	onProgress: (line: string) => void,
): void {
	program
		.command('matrix')
		.description(
			'the attack matrix: every power and document against a node with a pin and one without; exit code 1 when a cell is not as written',
		)
		.option('--stolen <directory>', 'that holds ca.key; default: it is stolen first')
		.action(async ({ stolen }: { stolen?: string }, command: Command) => {
			if (stolen !== undefined) {
				await onNodes((context) => matrixOf(context, stolen, onProgress))(command);
				return;
			}
			await onServices(async (driver) => driver.runInLab(['matrix', '--stolen', await driver.steal('ca-key')]))(
				command,
			);
		});
}

async function matrixOf(context: LabContext, stolen: string, say: (line: string) => void): Promise<Result> {
	const { endpoint, clusterCa } = context.info;
	await createToken(context, 'matrix', { ttl: '15m' });
	try {
		const rows = await runMatrix({
			endpoint,
			clusterCa,
			caKey: join(stolen, 'ca.key'),
			pin: spkiPin(parseCertificates(await readFile(clusterCa, 'utf8'))[0]),
			createToken: async () => (await tokenOf(context, 'matrix')).token,
			start: startProgram,
			deleteNode: (name) => context.api.nodes.delete(name),
			directory: context.directory,
			say,
		});
		return {
			code: rows.every(({ isAsExpected }) => isAsExpected) ? 0 : EXIT_MISMATCH,
			stdout: `${matrixText(rows)}\n`,
			stderr: '',
		};
	} finally {
		await resetNodes(context);
	}
}
