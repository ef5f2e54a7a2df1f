#!/usr/bin/env node
/** Starts one command of attacker-sim: `listen` plays a man in the middle until it is stopped; the others try once what a thief could try. */
import '../../lib/require-node.ts';
import { Command } from 'commander';
import { runCli } from '../../lib/cli.ts';
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

/** What was tried is told whatever came of it; only what could not be tried is a failure. */
const tryOnce = async (attempt: Promise<readonly string[]>): Promise<void> => {
	for (const line of await attempt) say(printable(line));
};

const collect = (value: string, earlier: readonly string[] = []): string[] => [...earlier, value];
const modeList = (): string =>
	`\nModes:\n${modeNames.map((name) => `  ${name} (${modes[name].power})\n      ${modes[name].does}`).join('\n')}\n`;
const powerHelp = `\nPowers:\n${Object.entries(powers)
	.map(([name, what]) => `  ${name}  ${what}`)
	.join('\n')}\n`;

const program = new Command(service).description(
	'An attacker for the simulated mesh of this project, and for nothing else: it learns only what a real one would learn',
);
program
	.command('listen')
	.description('stand between a node and the API server until it is stopped')
	.requiredOption('--address <ip>', 'where to listen: loopback, or the own private address of this container')
	.requiredOption('--port <port>', 'port to listen on; 0 for one that is free, see the report')
	.requiredOption('--target <host:port>', 'the API server')
	.requiredOption(
		'--cluster-ca <file>',
		'CA certificate, PEM; the API server must prove itself with it, or nothing is started',
	)
	.requiredOption('--mode <mode>', 'what to play, see below')
	.requiredOption('--report <file>', 'where to write what was seen, JSON, 0600')
	.option('--token-file <file>', 'P1: a stolen bootstrap token, ID.SECRET')
	.option('--ca-key-file <file>', "P3: the stolen key of the cluster's CA")
	.option('--health-port <port>', 'port of /healthz and /readyz, on 127.0.0.1 (default: none)')
	.addHelpText('after', () => modeList() + powerHelp)
	.action((flags: ListenFlags) => listenUntilStopped(flags));
program
	.command('request-certificate')
	.description('ask the API server for a certificate with what was stolen, and wait for what becomes of it')
	.requiredOption('--target <host:port>', 'the API server')
	.requiredOption('--cluster-ca <file>', 'CA certificate, PEM')
	.option('--token-file <file>', 'P1: a stolen bootstrap token')
	.option('--kubeconfig <file>', 'P2: the kubelet.conf of a node')
	.requiredOption('--signer <name>', 'for example kubernetes.io/kube-apiserver-client-kubelet')
	.requiredOption('--common-name <name>', 'the user that it shall name')
	.option('--organization <name>', 'a group that it shall name; may be repeated', collect)
	.option('--dns <name>', 'may be repeated', collect)
	.option('--ip <address>', 'may be repeated', collect)
	.option('--usage <usage>', 'may be repeated (default: digital signature, client auth)', collect)
	.option('--wait <duration>', 'how long to wait for a decision', '10s')
	.option('--out <dir>', 'where to put client.crt, client.key and client.conf, 0600, if it is issued')
	.action((flags: RequestFlags) => tryOnce(requestCertificate(flags, systemClock)));
program
	.command('call-service')
	.description('call a service of the mesh with a certificate that is not for that')
	.requiredOption('--service <name>', meshServices.join(', '))
	.requiredOption('--target <host:port>', 'the service')
	.requiredOption('--ca <file>', 'CA that the service must prove itself with, PEM')
	.requiredOption('--cert <file>', 'the certificate to show, PEM')
	.requiredOption('--key <file>', 'its key, PEM')
	.option('--method <method>', 'as in proto/kubejoin: Sign, or CertificateAuthority/Sign')
	.action((flags: CallFlags) => tryOnce(callService(flags)));
program
	.command('use-certificate')
	.description('P2: does the certificate of a node still count, and as whom?')
	.requiredOption('--target <host:port>', 'the API server')
	.requiredOption('--cluster-ca <file>', 'CA certificate, PEM')
	.requiredOption('--kubeconfig <file>', 'the kubelet.conf of a node')
	.option('--past-expiry', 'keep the connection until the certificate has expired, then ask again on it')
	.action((flags: UseFlags) => tryOnce(useCertificate(flags, systemClock)));

// The arguments may hold secrets, and every user of the machine can read them.
process.title = service;
program.hook('preAction', () => void readConfig(tracingSettings));
process.exitCode = await runCli(program, {
	examples: [
		'attacker-sim listen --help',
		'attacker-sim use-certificate --target 127.0.0.1:6443 \\\n    --cluster-ca .kubejoin/pki/apiserver-sim/ca.crt \\\n    --kubeconfig .kubejoin/nodes/node-1/etc/kubernetes/kubelet.conf',
		'attacker-sim call-service --service ca-service --target 127.0.0.1:6444 \\\n    --ca .kubejoin/pki/ca-service/mesh-ca.crt \\\n    --cert .kubejoin/pki/apiserver-sim/token-store-client.crt \\\n    --key .kubejoin/pki/apiserver-sim/token-store-client.key',
	],
	executable: service,
});
if (process.connected) process.disconnect();
