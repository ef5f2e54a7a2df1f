/** `npm start`: starts a mesh on this machine and nodes that join it, and prints commands to try next. */
import '../lib/require-node.ts';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { parsedBy } from '../lib/cli/options.ts';
import { runCli, stopWithOutput } from '../lib/cli/run-cli.ts';
import { environment, integer, type Parse } from '../lib/config.ts';
import { asKubejoinError, KubejoinError } from '../lib/errors.ts';
import { defaultMinor, type KubernetesMinor, kubernetesMinors } from '../lib/kube/version.ts';
import { terminalLanguage } from '../lib/language.ts';
import { shownPath } from '../lib/paths.ts';
import { sayUnforeseen, surviveUnforeseen } from '../lib/rpc/unforeseen.ts';
import { DEFAULT_STATE, nextText, seconds, serviceText } from './mesh/guide.ts';
import { readJoinConfig } from './mesh/join-config.ts';
import { type LocalMesh, type MeshEvents, startLocalMesh } from './mesh/local-mesh.ts';
import { freeNodeIndexes, nodeName } from './mesh/node-names.ts';
import { resetState, terminalQuestion } from './mesh/reset.ts';
import {
	MAX_NODES,
	MAX_PORT,
	type MeshOptions,
	nodeHealthPort,
	type ObserverOptions,
	servicePorts,
} from './mesh/services.ts';
import { MAX_NODES_IN_DETAIL, startNodes, takenNames } from './mesh/start-nodes.ts';
import { hasCluster, requireStateDirectory } from './mesh/state-files.ts';
import { createStory, joinsWidth, type Story } from './mesh/story.ts';
import { startWords } from './mesh/words.ts';

interface Flags {
	readonly certificateLifetime?: number;
	readonly kubernetesVersion?: KubernetesMinor;
	readonly nodes?: number;
	readonly once?: boolean;
	readonly pagePort: number;
	readonly port: number;
	readonly reset?: boolean;
	readonly yes?: boolean;
	readonly allowActions: boolean;
	readonly state: string;
	readonly store: string;
	readonly verbose?: boolean;
}

const language = terminalLanguage();
const words = startWords[language];

const DEFAULT_NODES = 1;
const ONCE_NODES = 3;
/** The shortest lifetime that ca-service accepts in a lab. */
const MIN_LIFETIME_SECONDS = 5;
const MAX_LIFETIME_SECONDS = 10 * 365 * 24 * 3_600;

const storeUrl: Parse<string> = (value) => {
	if (value !== 'lmdb' && !/^rediss?:\/\/./.test(value))
		throw new Error('lmdb, redis://HOST:PORT or rediss://HOST:PORT');
	return value;
};

const program = new Command('npm start --')
	.description('Start a cluster on 127.0.0.1 and join nodes to it')
	.option(
		'--nodes <number>',
		`number of nodes (default: ${DEFAULT_NODES}, with --once ${ONCE_NODES})`,
		parsedBy(integer(0, MAX_NODES)),
	)
	.option('--once', 'join, check that every node is Ready, and stop; exit code 0 on success')
	.option('--reset', 'delete the cluster in the state directory first, after a question')
	.option('--yes', 'answer that question with yes')
	.option('--verbose', 'print every message of a join')
	.option('--state <dir>', 'directory of the cluster', DEFAULT_STATE)
	.option(
		'--port <port>',
		'port of the API server; the next ones are for services',
		parsedBy(integer(1, MAX_PORT)),
		6443,
	)
	.option('--page-port <port>', 'port of the page', parsedBy(integer(1, 65_535)), 8080)
	.option('--no-allow-actions', 'make the page read-only: it joins no nodes and decides no requests')
	.option(
		'--certificate-lifetime <seconds>',
		'lifetime of node certificates, for a lab (default: one year)',
		parsedBy(integer(MIN_LIFETIME_SECONDS, MAX_LIFETIME_SECONDS)),
	)
	.addOption(
		new Option(
			'--kubernetes-version <minor>',
			`version that the cluster claims to be, for an older kubeadm (default: ${defaultMinor})`,
		).choices(kubernetesMinors),
	)
	.option(
		'--store <url>',
		'lmdb (files in the state directory), redis://HOST:PORT or rediss://HOST:PORT',
		parsedBy(storeUrl),
		'lmdb',
	)
	.action(up);

async function up(flags: Flags): Promise<void> {
	const options = meshOptions(flags);
	requireOwnPagePort(options, flags);
	// The files that a reset keeps do not refuse the new cluster.
	if (!flags.reset) requireStateDirectory(options.state);
	else if (!(await resetFirst(flags))) return;
	const stopping = new AbortController();
	const stop = (reason?: KubejoinError) => stopping.abort(reason);
	/** As in a shell, whose exit code is 128 and the number of the signal. */
	let interruptedExitCode = 0;
	const interrupt = (signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGPIPE') => {
		if (!stopping.signal.aborted) interruptedExitCode = 128 + constants.signals[signal];
		stop();
	};
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt(signal));
	// The reader of a pipe can end, as `head` does.
	stopWithOutput(() => interrupt('SIGPIPE'));
	const story = createStory(options.state, (text) => process.stdout.write(text), process.stdout.columns);
	let mesh: LocalMesh | undefined;
	let lab: { readonly stop: () => Promise<void> } | undefined;
	try {
		// Experiments need a mesh that stays.
		const loading = flags.once ? undefined : import('../chaos/lab/drivers/local/offer-lab.ts');
		mesh = await startServices(options, story, stopping);
		lab = await (await loading)?.offerLab(mesh, options);
		surviveUnforeseen(sayUnforeseen(story.say));
		await run(mesh, options, { flags, story, signal: stopping.signal });
	} catch (error) {
		if (!stopping.signal.aborted) stop(asKubejoinError(error));
	}
	// With --once, exit code 0 means that all nodes joined. A signal during the stop does not change that.
	if (flags.once) process.exitCode = interruptedExitCode;
	if (mesh !== undefined) {
		story.say(`\n${words.stopping}`);
		// The observer stops first, because an experiment that it runs then restores the mesh.
		if (!flags.once) await mesh.service('observer').stop();
		await lab?.stop();
		await mesh.stop();
	}
	const failure = stopping.signal.reason instanceof KubejoinError ? stopping.signal.reason : undefined;
	if (mesh !== undefined || failure === undefined) story.say(words.stopped(shownPath(options.state)));
	await story.close();
	if (failure !== undefined) throw failure;
}

/** Otherwise the page would find its port in use by a service of the same mesh, or a node by the page. */
function requireOwnPagePort(options: MeshOptions, flags: Flags): void {
	const [{ pagePort }, nodes] = [flags, nodeCount(flags)];
	const processes = nodes > MAX_NODES_IN_DETAIL ? 1 : nodes;
	const nodePorts = Array.from({ length: processes }, (_, index) => ({
		service: nodeName(index),
		port: nodeHealthPort(options.port, index),
	}));
	const sharing = [...servicePorts(options), ...nodePorts].filter(({ port }) => port === pagePort);
	if (sharing.length < 2) return;
	const owner = sharing.find(({ service }) => service !== 'observer')?.service ?? 'observer';
	throw new KubejoinError('COMMAND_INVALID', {
		problem: `--page-port ${pagePort} is also a port of ${owner}, which --port ${options.port} determines`,
		remedy: 'Choose another port for the page: npm start -- --page-port PORT',
	});
}

/** @returns false when the question was answered with no */
function resetFirst({ state, yes = false }: Flags): Promise<boolean> {
	return resetState({
		state: resolve(state),
		isConfirmed: yes,
		ask: terminalQuestion(),
		language,
		say: (text) => void process.stdout.write(`${text}\n`),
	});
}

function meshOptions(flags: Flags): MeshOptions {
	const { columns, isTTY } = process.stdout;
	const observer: ObserverOptions = {
		pagePort: flags.pagePort,
		story: flags.verbose ? 'steps' : nodeCount(flags) > MAX_NODES_IN_DETAIL ? 'joins' : 'checks',
		columns: joinsWidth(columns),
		color: isTTY === true && !environment().NO_COLOR,
		language,
		allowActions: flags.allowActions,
	};
	const telemetry = Object.fromEntries(
		Object.entries(environment()).flatMap(([name, value]) =>
			name.startsWith('OTEL_') && value !== undefined ? [[name, value]] : [],
		),
	);
	return {
		state: resolve(flags.state),
		port: flags.port,
		store: flags.store,
		telemetry,
		observer,
		makesJoinConfig: true,
		settings: labSettings(flags),
	};
}

const nodeCount = ({ nodes, once }: Flags): number => nodes ?? (once ? ONCE_NODES : DEFAULT_NODES);

/** ca-service warns at every start that these lifetimes are for a lab. */
const labSettings = ({ certificateLifetime, kubernetesVersion }: Flags): NonNullable<MeshOptions['settings']> => ({
	...(certificateLifetime === undefined
		? {}
		: { 'ca-service': { LAB: 'true', SIGNING_DURATION_SECONDS: String(certificateLifetime) } }),
	...(kubernetesVersion === undefined ? {} : { 'apiserver-sim': { KUBERNETES_VERSION: kubernetesVersion } }),
});

async function startServices(options: MeshOptions, story: Story, stopping: AbortController): Promise<LocalMesh> {
	const startedMs = performance.now();
	const elapsedMs = () => performance.now() - startedMs;
	story.say(words.starting);
	const isKnown = hasCluster(options.state);
	const events: MeshEvents = {
		onLine: story.line,
		onReady: (name) => story.say(serviceText(name, { mesh: options, afterMs: elapsedMs(), isKnown, language })),
		onCrash: (name, how) => !stopping.signal.aborted && story.say(words.crashed(name, how)),
		onGiveUp: (error) => stopping.abort(error),
	};
	const mesh = await startLocalMesh(options, events, stopping.signal);
	const page = `http://127.0.0.1:${options.observer?.pagePort}`;
	story.say(`${words.up(seconds(elapsedMs()), page)}\n`);
	return mesh;
}

interface RunOptions {
	readonly flags: Flags;
	readonly story: Story;
	readonly signal: AbortSignal;
}

/** Join the nodes, then wait for the signal, which interrupts both. */
async function run(mesh: LocalMesh, options: MeshOptions, { flags, story, signal }: RunOptions): Promise<void> {
	const { state } = options;
	const pageUrl = `http://127.0.0.1:${flags.pagePort}`;
	const nodes = startNodes({ mesh, state, count: nodeCount(flags), story, pageUrl, language, signal });
	await Promise.race([nodes, aborted(signal)]);
	if (signal.aborted || flags.once) return;
	const [joinConfig, taken] = await Promise.all([mesh.makeJoinConfig(), takenNames(mesh, state)]);
	const join = await readJoinConfig(joinConfig);
	const free = freeNodeIndexes(taken, nodeCount(flags), 2);
	if (join !== undefined) story.say(nextText({ mesh: options, kubeconfig: mesh.kubeconfig, free, join, language }));
	await aborted(signal);
}

const aborted = (signal: AbortSignal): Promise<void> =>
	new Promise((done) => {
		if (signal.aborted) done();
		signal.addEventListener('abort', () => done());
	});

process.exitCode = await runCli(program, {
	examples: ['npm start', 'npm start -- --nodes 100', 'npm start -- --once --state /tmp/kubejoin'],
	executable: 'kubejoin-start',
});
