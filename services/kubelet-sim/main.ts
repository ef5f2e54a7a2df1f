#!/usr/bin/env node
/** Starts kubelet-sim and stops it: `kubelet-sim join HOST:PORT …`. */
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { systemClock } from '../../lib/clock.ts';
import { port, readConfig } from '../../lib/config.ts';
import { asKubejoinError, causeText, KubejoinError } from '../../lib/errors.ts';
import { maskTokens } from '../../lib/log.ts';
import { LOOPBACK, serveHealth } from '../../lib/mesh/health.ts';
import { startTracing } from '../../lib/mesh/tracing.ts';
import { createRegistry } from '../../lib/metrics.ts';
import { dial } from './clients.ts';
import { readyChecks } from './health.ts';
import { joinWorkflow } from './join/join.ts';
import { type JoinFlags, readJoinRequest } from './join/join-request.ts';
import type { JoinTools } from './join/tools.ts';
import { nodeMetrics } from './metrics.ts';
import { runNode } from './node.ts';
import { nodePaths } from './node-paths.ts';
import { failureText, joinedText, phaseText } from './tell.ts';

interface Flags extends JoinFlags {
	readonly root?: string;
	readonly healthzBindAddress: string;
	readonly healthzPort: string;
}

/** As upstream's DiscoveryRetryInterval. */
const RETRY_MS = 5_000;
const DEFAULT_HEALTHZ_PORT = '10248';

const say = (sentence: string): void => {
	process.stdout.write(maskTokens(`${sentence}\n`));
};

async function joinAndStay(endpoint: string | undefined, flags: Flags): Promise<void> {
	// The arguments may hold a token, and everybody on the machine can read them.
	process.title = 'kubelet-sim';
	const stopping = stopSignal();
	const stopTracing = await startTracing('kubelet-sim');
	readConfig({});
	const request = await readJoinRequest(endpoint, flags);
	const healthzPort = readHealthzPort(flags.healthzPort);
	const paths = nodePaths(flags.root ?? join('.kubejoin', 'nodes', request.nodeName));
	const tools: JoinTools = { dial, paths, say, clock: systemClock, signal: stopping, retryMs: RETRY_MS };
	let lastBeatMs: number | undefined;
	const registry = createRegistry();
	const metrics = nodeMetrics(registry, systemClock);
	const served = { live: {}, ready: readyChecks(() => lastBeatMs, systemClock), metrics: registry };
	const health = await serveHealth('kubelet-sim', healthzPort, served, flags.healthzBindAddress);
	try {
		await runNode(tools, request, {
			report(event) {
				metrics.phaseEnded(event);
				if (event.outcome === 'done') say(phaseText(event));
			},
			onJoined({ nodeName, notAfter }, how) {
				metrics.certificateUsed(notAfter);
				if (how === 'joined') metrics.joined();
				if (how === 'joined') say(joinedText());
				else say(`[kubelet] Node ${nodeName} goes on with the certificate that it has, good until ${new Date(notAfter).toISOString()}`);
			},
			onBeat(atMs) {
				if (lastBeatMs === undefined) process.send?.({ started: request.nodeName });
				lastBeatMs = atMs;
			},
		});
	} catch (error) {
		if (!stopping.aborted) throw error;
	} finally {
		health.close();
		health.closeAllConnections();
		await stopTracing();
		if (process.connected) process.disconnect();
	}
}

/** Aborts on SIGTERM, SIGINT, or when the runner that started the process has gone. */
function stopSignal(): AbortSignal {
	const stopping = new AbortController();
	for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.once(signal, () => stopping.abort());
	return stopping.signal;
}

function readHealthzPort(value: string): number {
	try {
		return port(value);
	} catch (error) {
		throw new KubejoinError('JOIN_ARGUMENTS_INVALID', { problems: [`--healthz-port=${value} cannot be used: it must be ${causeText(error)}`] });
	}
}

const phaseList = (): string => {
	const tools = { dial, paths: nodePaths('/'), say, clock: systemClock, signal: new AbortController().signal, retryMs: RETRY_MS };
	const { phases } = joinWorkflow(tools);
	return `\nThe "join" command executes the following phases:\n${phases.map(({ name }) => `  ${name}`).join('\n')}\n`;
};
const collect = (value: string, earlier: readonly string[] = []): string[] => [...earlier, ...value.split(',')];

const program = new Command('kubelet-sim')
	.description('A node that joins a cluster as kubeadm and the kubelet do, and then stays')
	.configureHelp({ helpWidth: 80, minWidthToWrap: 20 })
	.exitOverride();
program
	.command('join')
	.description('join the cluster whose API server is at HOST:PORT, then send heartbeats')
	.argument('[host:port]', 'the API server')
	.option('--token <token>', 'bootstrap token, ID.SECRET, for discovery and for the certificate request')
	.option('--discovery-token <token>', 'for discovery only')
	.option('--tls-bootstrap-token <token>', 'for the certificate request only')
	.option('--discovery-token-ca-cert-hash <sha256:hex>', 'hash of the public key of a cluster CA; may be repeated', collect)
	.option('--config <file>', 'JoinConfiguration (kubeadm.k8s.io/v1beta4), instead of the token flags')
	.option('--node-name <name>', 'default: the name of this machine')
	.option('--cri-socket <url>', 'recorded on the Node, never opened')
	.option('--root <dir>', 'where the node keeps its files (default: .kubejoin/nodes/NAME)')
	.option('--healthz-bind-address <ip>', 'address of /healthz, /readyz and /metrics', LOOPBACK)
	.option('--healthz-port <port>', 'port of /healthz, /readyz and /metrics', DEFAULT_HEALTHZ_PORT)
	.addHelpText('after', phaseList)
	.action((endpoint: string | undefined, flags: Flags) => joinAndStay(endpoint, flags));

try {
	await program.parseAsync();
} catch (error) {
	if (error instanceof CommanderError) {
		process.exitCode = error.exitCode;
	} else {
		const known = asKubejoinError(error);
		process.stderr.write(maskTokens(failureText(known)));
		process.exitCode = known.exitCode;
	}
	if (process.connected) process.disconnect();
}
