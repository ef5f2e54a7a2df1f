/** The command that runs the attack matrix. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { readText } from '../../../lib/files.ts';
import { parseCertificates } from '../../../lib/pki/certificate.ts';
import { spkiPin } from '../../../lib/pki/pin.ts';
import { matrixText, runMatrix } from '../attack-matrix/matrix.ts';
import { startProgram } from '../attack-matrix/start-program.ts';
import type { LabContext } from '../context.ts';
import { resetNodes } from '../reset.ts';
import { EXIT_MISMATCH, type Result } from '../result.ts';
import { createToken, tokenOf } from '../tokens.ts';
import type { CommandContext } from './arguments.ts';

export function addMatrix(program: Command, { onNodes, onServices, onProgress }: CommandContext): void {
	program
		.command('matrix')
		.description(
			'run every attack against a node with a pin and one without; exit code 1 when a result is not the expected one',
		)
		.option('--stolen <directory>', 'that holds ca.key; default: steal it first')
		.action(async ({ stolen }: { stolen?: string }, command: Command) => {
			if (stolen !== undefined) {
				await onNodes((context) => matrixOf(context, stolen, onProgress))(command);
				return;
			}
			await onServices(async (driver) => driver.lab.runCommand(['matrix', '--stolen', await driver.steal('ca-key')]))(
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
			pin: spkiPin(parseCertificates(readText(clusterCa))[0]),
			createToken: async () => (await tokenOf(context, 'matrix')).token,
			start: startProgram,
			deleteNode: (name) => context.api.nodes.delete(name),
			directory: context.directory,
			say,
		});
		const code = rows.every(({ isAsExpected }) => isAsExpected) ? 0 : EXIT_MISMATCH;
		return { code, stdout: `${matrixText(rows)}\n`, stderr: '' };
	} finally {
		await resetNodes(context);
	}
}
