#!/usr/bin/env node
/** Starts kubelet-sim and stops it: `kubelet-sim join HOST:PORT …`. */
import '../../lib/require-node.ts';
import { Command } from 'commander';
import { reportAs, runCli } from '../../lib/cli.ts';
import { microClock, waitBy } from '../../lib/clock.ts';
import { integer, type Parse, readConfig, tracingSettings } from '../../lib/config.ts';
import { asKubejoinError, causeText, KubejoinError } from '../../lib/errors.ts';
import { atMost } from '../../lib/limit.ts';
import { refusalCounter } from '../../lib/limits.ts';
import { createRegistry } from '../../lib/metrics.ts';
import { LOOPBACK, serveHealth } from '../../lib/rpc/health.ts';
import { localTracesKey, startTracing } from '../../lib/rpc/tracing.ts';
import { sayUnforeseen, surviveUnforeseen } from '../../lib/rpc/unforeseen.ts';
import { terminalText } from '../../lib/text.ts';
import { dial } from './clients.ts';
import { readyChecks } from './health.ts';
import { joinWithoutPinWorkflow, joinWorkflow } from './join/join.ts';
import type { JoinContext } from './join/join-context.ts';
import { type JoinFlags, readJoinRequest } from './join/join-request.ts';
import { failureText, joinedText, phaseText, sentenceText } from './join-output.ts';
import { nodeMetrics } from './metrics.ts';
import { runNode } from './node.ts';
import { nodePaths } from './node-paths.ts';
import { MAX_JOINS, MAX_NODES, type NodePlan, planNodes } from './nodes.ts';
import { refusalTeller, rotatedText } from './rotation/rotation-output.ts';
import { stopSignal } from './shutdown.ts';

interface Flags extends JoinFlags {
	readonly root?: string;
	readonly nodes?: string;
	readonly healthzBindAddress: string;
	readonly healthzPort: string;
}

/** As upstream's DiscoveryRetryInterval. */
const RETRY_MS = 5_000;
const DEFAULT_HEALTHZ_PORT = '10248';

const waitUntil = waitBy(microClock);

const say = (sentence: string): void => {
	process.stdout.write(terminalText(`${sentence}\n`));
};

async function joinAndStay(endpoint: string | undefined, flags: Flags): Promise<void> {
	// The arguments may hold a token, and everybody on the machine can read them.
	process.title = 'kubelet-sim';
	const stopping = stopSignal(process);
	const { tracesKey = localTracesKey('kubelet-sim') } = readConfig(tracingSettings);
	const stopTracing = await startTracing('kubelet-sim', {
		key: tracesKey,
		onRefused: (problem) => say(`[traces] The observer does not show this node: ${problem}`),
	});
	const request = await readJoinRequest(endpoint, flags, say);
	const healthzPort = readNumber('--healthz-port', flags.healthzPort, integer(0, 65_535));
	const count = flags.nodes === undefined ? undefined : readNumber('--nodes', flags.nodes, integer(1, MAX_NODES));
	const plans = planNodes(request, flags.root, count);
	const lastBeats = new Map<string, number | undefined>(
		plans.map(({ request: { nodeName } }) => [nodeName, undefined]),
	);
	const registry = createRegistry();
	const metrics = nodeMetrics(registry, microClock);
	const unforeseen = sayUnforeseen(say);
	const served = {
		live: {},
		ready: readyChecks(lastBeats, microClock),
		metrics: registry,
		unforeseen,
		count: refusalCounter(registry),
	};
	// As the kubelet's healthzPort: 0 is none.
	const health =
		healthzPort === 0 ? undefined : await serveHealth('kubelet-sim', healthzPort, served, flags.healthzBindAddress);
	surviveUnforeseen(unforeseen);
	const inTurn = atMost(MAX_JOINS);
	let areAllStarted = false;
	const live = ({ request: own, paths, line }: NodePlan): Promise<void> => {
		const sayOfNode = (sentence: string) => say(line(sentence));
		const tools: JoinContext = {
			dial,
			paths,
			say: (sentence) => sayOfNode(sentenceText(sentence)),
			clock: microClock,
			waitUntil,
			signal: stopping,
			retryMs: RETRY_MS,
		};
		const refusals = refusalTeller(sayOfNode);
		return runNode(tools, own, {
			inTurn,
			report(event) {
				metrics.phaseEnded(event);
				if (event.outcome === 'done') sayOfNode(phaseText(event));
			},
			onJoined({ nodeName, notAfter }, how) {
				metrics.certificateUsed(notAfter, nodeName);
				if (how === 'joined') metrics.joined();
				if (how === 'joined')
					sayOfNode(count === undefined ? joinedText() : '[kubelet] This node has joined the cluster');
				else
					sayOfNode(
						`[kubelet] Node ${nodeName} goes on with the certificate that it has, good until ${new Date(notAfter).toISOString()}`,
					);
			},
			onBeat(atMs) {
				lastBeats.set(own.nodeName, atMs);
				if (areAllStarted || [...lastBeats.values()].includes(undefined)) return;
				areAllStarted = true;
				process.send?.({ started: request.nodeName });
			},
			onRotated(identity, atMs) {
				metrics.certificateUsed(identity.notAfter, identity.nodeName);
				refusals.rotated();
				sayOfNode(rotatedText(identity, atMs));
			},
			onRefused(error, retryMs) {
				metrics.renewalFailed();
				refusals.refused(own.nodeName, error, retryMs);
			},
		});
	};
	try {
		if (count === undefined) await Promise.all(plans.map(live));
		else
			await Promise.all(
				plans.map((plan) => live(plan).catch((error: unknown) => stopping.aborted || tellFailure(error, plan.line))),
			);
	} catch (error) {
		if (!stopping.aborted) throw error;
	} finally {
		health?.close();
		health?.closeAllConnections();
		await stopTracing();
		if (process.connected) process.disconnect();
	}
}

function readNumber(flag: string, value: string, parse: Parse<number>): number {
	try {
		return parse(value);
	} catch (error) {
		throw new KubejoinError('JOIN_ARGUMENTS_INVALID', {
			problems: [`${flag}=${value} cannot be used: it must be ${causeText(error)}`],
		});
	}
}

/** One of several nodes has failed; the others go on, and the process will end with 1. */
function tellFailure(error: unknown, line: NodePlan['line']): void {
	process.stderr.write(terminalText(line(failureText(asKubejoinError(error)))));
	process.exitCode = 1;
}

const phaseList = (): string => {
	const tools = {
		dial,
		paths: nodePaths('/'),
		say,
		clock: microClock,
		waitUntil,
		signal: new AbortController().signal,
		retryMs: RETRY_MS,
	};
	const { phases } = joinWorkflow(tools);
	const names = phases.map(({ name }) => `  ${name}`).join('\n');
	const unpinned = joinWithoutPinWorkflow(tools).phases.map(({ name }) => name);
	const instead = unpinned.filter((name) => !phases.some((phase) => phase.name === name)).join(', ');
	return `\nThe "join" command executes the following phases:\n${names}\nWithout a hash, ${instead} stands in the place of pin-ca and confirm.\n`;
};
const collect = (value: string, earlier: readonly string[] = []): string[] => [...earlier, ...value.split(',')];

const program = new Command('kubelet-sim').description(
	'A node that joins a cluster as kubeadm and the kubelet do, and then stays',
);
program
	.command('join')
	.description('join the cluster whose API server is at HOST:PORT, then send heartbeats')
	.argument('[host:port]', 'the API server')
	.option('--token <token>', 'bootstrap token, ID.SECRET, for discovery and for the certificate request')
	.option('--discovery-token <token>', 'for discovery only')
	.option('--tls-bootstrap-token <token>', 'for the certificate request only')
	.option(
		'--discovery-token-ca-cert-hash <sha256:hex>',
		'hash of the public key of a cluster CA; may be repeated',
		collect,
	)
	.option(
		'--discovery-token-unsafe-skip-ca-verification',
		'join without a hash: whoever has the token can pretend to be the cluster',
	)
	.option('--config <file>', 'JoinConfiguration (kubeadm.k8s.io/v1beta4), instead of the token flags')
	.option('--node-name <name>', 'default: the name of this machine')
	.option('--cri-socket <url>', 'recorded on the Node, never opened')
	.option('--root <dir>', 'where the node keeps its files (default: .kubejoin/nodes/NAME)')
	.option(
		'--nodes <count>',
		`be so many nodes, up to ${MAX_NODES}: NAME-1, NAME-2 …, each with its files in ROOT/NAME-1 …`,
	)
	.option('--healthz-bind-address <ip>', 'address of /healthz, /readyz and /metrics', LOOPBACK)
	.option('--healthz-port <port>', 'port of /healthz, /readyz and /metrics; 0: none', DEFAULT_HEALTHZ_PORT)
	.addHelpText('after', phaseList)
	.action((endpoint: string | undefined, flags: Flags) => joinAndStay(endpoint, flags));

process.exitCode = await runCli(program, {
	report: reportAs(failureText),
	examples: [
		'kubelet-sim join 127.0.0.1:6443 --token TOKEN \\\n    --discovery-token-ca-cert-hash sha256:HASH --node-name node-2',
		'kubelet-sim join --config join.yaml --node-name node-2 --healthz-port 0',
		'kubelet-sim join --config join.yaml --node-name many --nodes 100',
	],
	executable: 'kubelet-sim',
});
if (process.connected) process.disconnect();
