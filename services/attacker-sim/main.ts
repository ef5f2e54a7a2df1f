#!/usr/bin/env node
/**
 * Runs one command of attacker-sim: `listen` is a man in the middle until it is stopped; each other command is one
 * attempt.
 */
import '../../lib/require-node.ts';
import { Command } from 'commander';
import { helpText, printedText } from '../../lib/chinese/index.ts';
import { helpLines, runCli } from '../../lib/cli/run-cli.ts';
import { systemClock } from '../../lib/clock.ts';
import { readConfig, tracingSettings } from '../../lib/config.ts';
import { serveHealth } from '../../lib/rpc/health.ts';
import { findCollector } from '../../lib/rpc/local-collector.ts';
import { startTracing } from '../../lib/rpc/tracing.ts';
import { sayUnforeseen, surviveUnforeseen } from '../../lib/rpc/unforeseen.ts';
import { maskSecrets, printable } from '../../lib/text.ts';
import { type ListenFlags, readAttackRequest } from './attack-request.ts';
import { type CallFlags, callService } from './call-service.ts';
import { meshServices } from './guard-rails.ts';
import { modeNames, modes, powers } from './modes.ts';
import { warning } from './output.ts';
import { type RequestFlags, requestCertificate } from './request-certificate.ts';
import { startAttacker } from './start.ts';
import { type UseFlags, useCertificate } from './use-certificate.ts';

const service = 'attacker-sim';

const say = (line: string): void => {
	process.stdout.write(maskSecrets(`${line}\n`));
};

async function listenUntilStopped(flags: ListenFlags): Promise<void> {
	const stopped = new Promise<void>((resolve) => {
		for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.once(signal, () => resolve());
	});
	say(warning());
	const unforeseen = sayUnforeseen(say);
	const request = await readAttackRequest(flags);
	const { url, key } = findCollector(service, { endpoint: flags.target });
	const { tracesKey = key } = readConfig(tracingSettings);
	const stopTracing = await startTracing(service, { url, key: tracesKey });
	try {
		const attacker = await startAttacker(request, { say, clock: systemClock });
		const health =
			request.healthPort === undefined
				? undefined
				: await serveHealth(service, request.healthPort, { live: {}, ready: {}, unforeseen }).catch(stopThenThrow);
		surviveUnforeseen(unforeseen);
		process.send?.({ started: service });
		await stopped;
		health?.close();
		health?.closeAllConnections();
		await attacker.stop();

		async function stopThenThrow(error: unknown): Promise<never> {
			await attacker.stop();
			throw error;
		}
	} finally {
		await stopTracing();
	}
}

/** Prints the outcome of an attempt. A refused attempt is not a failure of this program. */
const tryOnce = async (attempt: Promise<readonly string[]>): Promise<void> => {
	for (const line of await attempt) say(printable(printedText(line)));
};

const collect = (value: string, earlier: readonly string[] = []): string[] => [...earlier, value];
const modeList = (): string => {
	const rows = modeNames.flatMap((name) => [`  ${name} (${modes[name].power})`, ...helpLines(modes[name].does, 6)]);
	return `\n${helpText('Modes:')}\n${rows.join('\n')}\n`;
};
const powerHelp = (): string => {
	const rows = Object.entries(powers).map(([name, what]) => `  ${name}  ${helpLines(what, 6).join('\n').trimStart()}`);
	return `\n${helpText('Powers:')}\n${rows.join('\n')}\n`;
};

const program = new Command(service).description(
	'An attacker for the simulated mesh of this project only, with the knowledge of a real one',
);
program
	.command('listen')
	.description('be a man in the middle between a node and the API server')
	.requiredOption('--address <ip>', 'listen address: loopback, or the private address of this container')
	.requiredOption('--port <port>', 'listen port; 0: a free port, which the report names')
	.requiredOption('--target <host:port>', 'the API server')
	.requiredOption('--cluster-ca <file>', 'CA certificate in PEM; it must verify the API server')
	.requiredOption('--mode <mode>', 'attack, see below')
	.requiredOption('--report <file>', 'file for the report, JSON, mode 0600')
	.option('--token-file <file>', 'P1: a stolen bootstrap token, ID.SECRET')
	.option('--ca-key-file <file>', "P3: the stolen key of the cluster's CA")
	.option('--health-port <port>', 'port of /healthz and /readyz, on 127.0.0.1 (default: none)')
	.addHelpText('after', () => modeList() + powerHelp())
	.action((flags: ListenFlags) => listenUntilStopped(flags));
program
	.command('request-certificate')
	.description('request a certificate with a stolen credential, and print the outcome')
	.requiredOption('--target <host:port>', 'the API server')
	.requiredOption('--cluster-ca <file>', 'CA certificate, PEM')
	.option('--token-file <file>', 'P1: a stolen bootstrap token')
	.option('--kubeconfig <file>', 'P2: the kubelet.conf of a node')
	.requiredOption('--signer <name>', 'for example kubernetes.io/kube-apiserver-client-kubelet')
	.requiredOption('--common-name <name>', 'user in the certificate')
	.option('--organization <name>', 'group in the certificate; can be repeated', collect)
	.option('--dns <name>', 'DNS name; can be repeated', collect)
	.option('--ip <address>', 'IP address; can be repeated', collect)
	.option('--usage <usage>', 'can be repeated (default: digital signature, client auth)', collect)
	.option('--wait <duration>', 'time to wait for a decision', '10s')
	.option('--out <dir>', 'directory for client.crt, client.key and client.conf, mode 0600')
	.action((flags: RequestFlags) => tryOnce(requestCertificate(flags, systemClock)));
program
	.command('call-service')
	.description('call a service of the mesh with a certificate that is not authorized')
	.requiredOption('--service <name>', meshServices.join(', '))
	.requiredOption('--target <host:port>', 'the service')
	.requiredOption('--ca <file>', 'CA that verifies the service, PEM')
	.requiredOption('--cert <file>', 'client certificate, PEM')
	.requiredOption('--key <file>', 'its key, PEM')
	.option('--method <method>', 'method of proto/kubejoin, such as Sign or CertificateAuthority/Sign')
	.action((flags: CallFlags) => tryOnce(callService(flags)));
program
	.command('use-certificate')
	.description('P2: check whether the certificate of a node is accepted, and as which user')
	.requiredOption('--target <host:port>', 'the API server')
	.requiredOption('--cluster-ca <file>', 'CA certificate, PEM')
	.requiredOption('--kubeconfig <file>', 'the kubelet.conf of a node')
	.option('--past-expiry', 'repeat the request on the same connection after the certificate has expired')
	.action((flags: UseFlags) => tryOnce(useCertificate(flags, systemClock)));

// The arguments can contain secrets, and every user of the machine can read them.
process.title = service;
program.hook('preAction', () => void readConfig(tracingSettings));
process.exitCode = await runCli(program, {
	examples: [
		'attacker-sim listen --help',
		[
			'attacker-sim use-certificate --target 127.0.0.1:6443 \\',
			'    --cluster-ca .kubejoin/pki/apiserver-sim/ca.crt \\',
			'    --kubeconfig .kubejoin/nodes/node-1/etc/kubernetes/kubelet.conf',
		].join('\n'),
		[
			'attacker-sim call-service --service ca-service --target 127.0.0.1:6444 \\',
			'    --ca .kubejoin/pki/ca-service/mesh-ca.crt \\',
			'    --cert .kubejoin/pki/apiserver-sim/token-store-client.crt \\',
			'    --key .kubejoin/pki/apiserver-sim/token-store-client.key',
		].join('\n'),
	],
	executable: service,
});
if (process.connected) process.disconnect();
