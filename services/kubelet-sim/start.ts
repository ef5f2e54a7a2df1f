/** `kubelet-sim join`: from the flags to nodes that run until the process is stopped. */
import { dirname, resolve } from 'node:path';
import pLimit from 'p-limit';
import { ipVersion } from '../../lib/address.ts';
import { findAdminConf } from '../../lib/cli/admin-conf.ts';
import { startJoinProgress } from '../../lib/cli/join-progress.ts';
import { microClock, waitBy } from '../../lib/clock.ts';
import { environment, integer, type Parse, readConfig, tracingSettings } from '../../lib/config.ts';
import { causeText, KubejoinError } from '../../lib/errors.ts';
import { keepLittleMemory } from '../../lib/heap.ts';
import { EventCorrelator } from '../../lib/kube/events/correlate.ts';
import type { CountRefusal } from '../../lib/limits.ts';
import { createRegistry, type Registry } from '../../lib/metrics.ts';
import { refusalCounter } from '../../lib/refusal-counter.ts';
import { serveHealth } from '../../lib/rpc/health.ts';
import { findCollector } from '../../lib/rpc/local-collector.ts';
import { startTracing } from '../../lib/rpc/tracing.ts';
import { sayUnforeseen, surviveUnforeseen } from '../../lib/rpc/unforeseen.ts';
import { createDials } from './clients.ts';
import { clusterSettings, clusterSettingsReader } from './cluster-settings.ts';
import { readyChecks } from './health.ts';
import type { JoinContext } from './join/join-context.ts';
import { type JoinFlags, type JoinRequest, readJoinRequest } from './join/join-request.ts';
import { clusterReader, readCluster } from './join/read-cluster.ts';
import { endpointInFile } from './join/read-discovery-file.ts';
import { sentenceText } from './join-output.ts';
import { type NodeMetrics, nodeMetrics } from './metrics.ts';
import { joinUntil, type NodeOptions, runNode } from './node.ts';
import { ManyNodesOutput, type NodeOutput, type OutputOptions, oneNodeOutput } from './node-output.ts';
import { LAST_PORT, MAX_JOINS, MAX_NODES, MAX_RECONNECTS, type NodePlan, planNodes } from './nodes.ts';
import { requireOpenFiles } from './open-files.ts';
import { dryRunText, trustText } from './part-output.ts';
import { refusalReporter, rotatedText } from './rotation/rotation-output.ts';
import { type Kubelet, openKubelet } from './server.ts';
import { signalsOfNodes, stopSignal } from './shutdown.ts';

export interface Flags extends JoinFlags {
	readonly root?: string;
	readonly nodes?: string;
	/** The name of the last phase. */
	readonly until?: string;
	readonly quiet?: boolean;
	readonly healthzBindAddress: string;
	readonly healthzPort: string;
	readonly address: string;
	readonly port?: string;
	readonly rotateServerCertificates?: boolean;
}

/** @source kubeadm DiscoveryRetryInterval */
const RETRY_MS = 5_000;
const waitUntil = waitBy(microClock);

/** Resolves when the process is stopped. @throws the failure of its only node */
export async function runJoin(endpoint: string | undefined, flags: Flags): Promise<void> {
	// The arguments can contain a token, and every user of the machine can read them.
	process.title = 'kubelet-sim';
	const stopping = stopSignal(process);
	const { tracesKey } = readConfig(tracingSettings);
	const count = flags.nodes === undefined ? undefined : readNumber('--nodes', flags.nodes, integer(1, MAX_NODES));
	if (count !== undefined) requireOpenFiles(count);
	const output = createOutput(count, flags);
	const request = await readJoinRequest(endpoint, flags, (sentence) => output.say(sentence));
	if (flags.until !== undefined || request.isDryRun) return runPart(request, flags, stopping, output);
	const healthzPort = readNumber('--healthz-port', flags.healthzPort, integer(0, LAST_PORT));
	const port = flags.port === undefined ? undefined : readNumber('--port', flags.port, integer(0, LAST_PORT));
	const stopTracing = await traceJoins(request, flags.config, tracesKey, output);
	const plans = planNodes(request, flags.root, count, port);
	const lastBeats = new Map<string, number | undefined>(plans.map((plan) => [plan.request.nodeName, undefined]));
	const registry = createRegistry();
	const metrics = nodeMetrics(registry, microClock);
	const served = { lastBeats, registry, output, count: refusalCounter(registry) };
	const closeHealth = await serveNodeHealth(flags.healthzBindAddress, healthzPort, served);
	const kubelets = await openKubelets(plans, flags, { ...served, stopping }).catch((error: unknown) => {
		closeHealth();
		throw error;
	});
	keepLittleMemory();
	const turns = { inTurn: pLimit(MAX_JOINS), reconnectInTurn: pLimit(MAX_RECONNECTS) };
	const correlator = new EventCorrelator(microClock);
	const perNode = { newDial: createDials(), newSignal: signalsOfNodes(stopping) };
	const readers = { readCluster: clusterReader(), readSettings: clusterSettingsReader() };
	const onAllStarted = () => void process.send?.({ started: request.nodeName });
	const fleet = {
		output,
		metrics,
		lastBeats,
		stopping,
		kubelets,
		readers,
		waiting: plans.length,
		onAllStarted,
		correlator,
		...turns,
		...perNode,
	};
	try {
		await Promise.all(plans.map((plan) => live(plan, fleet)));
	} catch (error) {
		if (!stopping.aborted) throw error;
	} finally {
		output.end();
		closeHealth();
		await Promise.all([...kubelets.values()].map((kubelet) => kubelet.close()));
		await stopTracing();
		if (process.connected) process.disconnect();
	}
}

/** For `--until` and `--dry-run`: the first phases, then a report. */
async function runPart(
	request: JoinRequest,
	{ root, until, nodes }: Flags,
	signal: AbortSignal,
	output: NodeOutput,
): Promise<void> {
	if (nodes !== undefined)
		throw new KubejoinError('JOIN_ARGUMENTS_INVALID', {
			problems: ['--nodes cannot be used with --until or --dry-run, which are for one node'],
			remedy: 'Leave out --nodes',
		});
	const [plan] = planNodes(request, root);
	if (plan === undefined) return;
	const last = lastPhase(request, until);
	const own = { dial: createDials()(), readCluster, readSettings: clusterSettings, signal };
	const context: JoinContext = joinContext(plan, output, own);
	const part = await joinUntil(context, request, last, (event) => output.phaseEnded(plan, event));
	if (request.isDryRun && last === DRY_RUN_UNTIL) output.say(dryRunText(part, plan.paths));
	output.say(trustText(part, last));
	if (process.connected) process.disconnect();
}

/** The last phase that changes nothing on either side. */
const DRY_RUN_UNTIL = 'tls-bootstrap/check-node-name';

/** @throws JOIN_ARGUMENTS_INVALID  a dry run cannot go as far as this phase */
function lastPhase({ isDryRun }: JoinRequest, until: string | undefined): string {
	if (!isDryRun) return until ?? DRY_RUN_UNTIL;
	if (until === undefined || until === DRY_RUN_UNTIL || !/^(tls-bootstrap|register)/.test(until))
		return until ?? DRY_RUN_UNTIL;
	if (until === 'tls-bootstrap/read-config') return until;
	throw new KubejoinError('JOIN_ARGUMENTS_INVALID', {
		problems: [`a dry run ends after ${DRY_RUN_UNTIL}; the phase ${until} changes the node or the cluster`],
		remedy: `Leave out --dry-run, or stop earlier: --until ${DRY_RUN_UNTIL}`,
	});
}

const joinContext = (
	plan: NodePlan,
	output: NodeOutput,
	own: Pick<JoinContext, 'dial' | 'readCluster' | 'readSettings' | 'signal' | 'kubelet'>,
): JoinContext => ({
	...own,
	paths: plan.paths,
	say: (sentence) => output.sayOf(plan, sentenceText(sentence), 'repeated'),
	clock: microClock,
	waitUntil,
	retryMs: RETRY_MS,
});

function createOutput(count: number | undefined, { quiet, config }: Flags): NodeOutput {
	const options: OutputOptions = {
		write: (text) => void process.stdout.write(text),
		writeError: (text) => void process.stderr.write(text),
		adminConf: findAdminConf(config),
		isInteractive: process.send === undefined,
		isQuiet: quiet ?? false,
	};
	if (count === undefined) return oneNodeOutput(options);
	return new ManyNodesOutput(count, startJoinProgress(process.stdout, count, microClock), options);
}

function traceJoins(
	{ endpoint, discoveryFile }: JoinRequest,
	config: string | undefined,
	tracesKey: string | undefined,
	output: NodeOutput,
): Promise<() => Promise<void>> {
	const { url, key } = findCollector('kubelet-sim', {
		endpoint: endpoint || (endpointInFile(discoveryFile) ?? ''),
		states: stateDirectories(config),
	});
	return startTracing('kubelet-sim', {
		url,
		key: tracesKey ?? key,
		onRefused: (problem) => output.say(`[traces] The observer does not show this node: ${problem}`),
	});
}

/**
 * Where `npm start` can have left its files: here, beside its join.yaml, or above its admin.conf,
 * `STATE/pki/admin/admin.conf`.
 */
function stateDirectories(config: string | undefined): readonly string[] {
	const { KUBECONFIG: kubeconfig = '' } = environment();
	return [
		'.kubejoin',
		...(config === undefined ? [] : [dirname(config)]),
		...(kubeconfig.endsWith('/pki/admin/admin.conf') ? [resolve(dirname(kubeconfig), '../..')] : []),
	];
}

interface ServedHealth {
	readonly lastBeats: ReadonlyMap<string, number | undefined>;
	readonly registry: Registry;
	readonly output: NodeOutput;
	readonly count: CountRefusal;
}

/** @param port  0: none, as in the kubelet @returns closes the server */
async function serveNodeHealth(
	address: string,
	port: number,
	{ lastBeats, registry, output, count }: ServedHealth,
): Promise<() => void> {
	const unforeseen = sayUnforeseen((sentence) => output.say(sentence));
	const checks = {
		live: {},
		ready: readyChecks(lastBeats, microClock),
		metrics: registry,
		unforeseen,
		count,
	};
	const health = port === 0 ? undefined : await serveHealth('kubelet-sim', port, checks, address);
	surviveUnforeseen(unforeseen);
	return () => {
		health?.close();
		health?.closeAllConnections();
	};
}

/** The kubelets by name of their node; a node without a port has none. */
async function openKubelets(
	plans: readonly NodePlan[],
	{ address, rotateServerCertificates = false }: Flags,
	{ output, registry, count, stopping }: ServedHealth & { readonly stopping: AbortSignal },
): Promise<ReadonlyMap<string, Kubelet>> {
	if (ipVersion(address) === 0)
		throw new KubejoinError('JOIN_ARGUMENTS_INVALID', {
			problems: [`--address=${address} cannot be used: it must be an IP address`],
		});
	const unforeseen = sayUnforeseen((sentence) => output.say(sentence));
	const kubelets = new Map<string, Kubelet>();
	try {
		for (const plan of plans) {
			const { kubeletPort: port, paths } = plan;
			const { nodeName } = plan.request;
			if (port === undefined) continue;
			const tools = { clock: microClock, waitUntil, signal: stopping, metrics: registry, unforeseen, count };
			const say = (sentence: string) => output.sayOf(plan, sentence);
			const settings = { nodeName, address, port, paths, rotatesCertificate: rotateServerCertificates };
			kubelets.set(nodeName, await openKubelet({ ...settings, ...tools, say }));
		}
		return kubelets;
	} catch (error) {
		await Promise.all([...kubelets.values()].map((kubelet) => kubelet.close()));
		throw error;
	}
}

interface Fleet {
	readonly kubelets: ReadonlyMap<string, Kubelet>;
	readonly output: NodeOutput;
	readonly metrics: NodeMetrics;
	readonly lastBeats: Map<string, number | undefined>;
	readonly stopping: AbortSignal;
	readonly inTurn: NonNullable<NodeOptions['inTurn']>;
	readonly reconnectInTurn: NonNullable<NodeOptions['reconnectInTurn']>;
	readonly correlator: EventCorrelator;
	readonly newDial: () => JoinContext['dial'];
	readonly newSignal: () => AbortSignal;
	readonly readers: Pick<JoinContext, 'readCluster' | 'readSettings'>;
	/** The nodes that have not sent a heartbeat yet. */
	waiting: number;
	/** Called when every node has sent a heartbeat. */
	readonly onAllStarted: () => void;
}

/** Resolves when the process is stopped, or when the node of several has failed. */
async function live(plan: NodePlan, fleet: Fleet): Promise<void> {
	const { output, stopping, newDial, newSignal, readers } = fleet;
	const kubelet = fleet.kubelets.get(plan.request.nodeName)?.endpoint;
	const own = { dial: newDial(), signal: newSignal(), ...readers, kubelet };
	const context = joinContext(plan, output, own);
	try {
		await runNode(context, plan.request, nodeOptions(plan, fleet));
	} catch (error) {
		if (stopping.aborted) return;
		output.failed(plan, error);
		process.exitCode = 1;
	}
}

function nodeOptions(plan: NodePlan, fleet: Fleet): NodeOptions {
	const { output, metrics, lastBeats, inTurn, reconnectInTurn, correlator, kubelets } = fleet;
	const { nodeName } = plan.request;
	const say = (sentence: string): void => output.sayOf(plan, sentence);
	const refusals = refusalReporter(say);
	return {
		inTurn,
		reconnectInTurn,
		correlator,
		onConnected: async (connection, identity) => kubelets.get(nodeName)?.use(connection, identity),
		report(event) {
			metrics.phaseEnded(event);
			output.phaseEnded(plan, event);
		},
		onJoined(identity, how) {
			metrics.certificateUsed(identity.notAfter, identity.nodeName);
			if (how === 'joined') metrics.joined();
			output.joined(plan, identity, how);
		},
		onBeat(atMs) {
			const isFirst = lastBeats.get(nodeName) === undefined;
			lastBeats.set(nodeName, atMs);
			if (isFirst && --fleet.waiting === 0) fleet.onAllStarted();
		},
		onRotated(identity, atMs) {
			metrics.certificateUsed(identity.notAfter, identity.nodeName);
			refusals.rotated();
			say(rotatedText(identity, atMs));
		},
		onRefused(error, retryMs) {
			metrics.renewalFailed();
			refusals.refused(nodeName, error, retryMs);
		},
	};
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
