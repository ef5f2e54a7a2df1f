/** Computes the pin of a CA with the openssl command lines that users copy from the documentation. */
import { spawn } from 'node:child_process';
import { KubejoinError } from '../../../lib/errors.ts';
import type { LabContext } from '../context.ts';
import type { Result } from '../result.ts';
import { otherClusterCa } from './other-cluster.ts';

const DIGEST = 'openssl dgst -sha256 -hex | sed "s/^.* //"';

/** `$1` is the certificate. Without an RSA key, `rsa` hashes an empty output. @source the kubeadm documentation */
const pipelines = {
	rsa: `openssl x509 -pubkey -in "$1" | openssl rsa -pubin -outform der 2>/dev/null | ${DIGEST}`,
	pkey: `openssl x509 -pubkey -noout -in "$1" | openssl pkey -pubin -outform der | ${DIGEST}`,
} as const;
export type Pipeline = keyof typeof pipelines;
export const pipelineNames = Object.keys(pipelines) as Pipeline[];

const NOT_FOUND = 127;

/** @returns `sha256:…` of a new CA @throws FAULT_UNAVAILABLE  openssl is not installed */
export async function opensslPin(context: LabContext, pipeline: Pipeline, keyAlgorithm: string): Promise<string> {
	const ca = await otherClusterCa(context, keyAlgorithm);
	const { code, stdout } = await shell(
		`command -v openssl >/dev/null || exit ${NOT_FOUND}; ${pipelines[pipeline]}`,
		ca,
	);
	if (code === NOT_FOUND)
		throw new KubejoinError('FAULT_UNAVAILABLE', {
			fault: 'the hash of a CA',
			needs: 'openssl',
			install: 'apt-get install openssl',
		});
	return `sha256:${stdout.trim()}`;
}

/** @param argument  `$1` of the command, which the shell does not parse */
const shell = (command: string, argument: string): Promise<Pick<Result, 'code' | 'stdout'>> =>
	new Promise((done, reject) => {
		const child = spawn('sh', ['-c', command, 'sh', argument], { stdio: ['ignore', 'pipe', 'ignore'] });
		let stdout = '';
		child.stdout.on('data', (chunk: Buffer) => {
			stdout += chunk.toString();
		});
		child.once('error', reject).once('close', (code) => done({ code: code ?? 1, stdout }));
	});
