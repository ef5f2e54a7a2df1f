/** `npm start`: the whole mesh on this machine, nodes that join it, and what to do next. Wiring and words; the work is in scripts/mesh. */
import '../lib/require-node.ts';
import { readdir } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { offerLab } from '../chaos/lab/local-control.ts';
import { runCli } from '../lib/cli.ts';
import { parsedBy } from '../lib/cli-options.ts';
import { environment, integer, type Parse } from '../lib/config.ts';
import { asKubejoinError, KubejoinError } from '../lib/errors.ts';
import { sayUnforeseen, surviveUnforeseen } from '../lib/rpc/unforeseen.ts';
import { type JoinConfig, readJoinConfig } from './mesh/join-config.ts';
import { type LocalMesh, startLocalMesh } from './mesh/local-mesh.ts';
import { freeNodeIndexes, nodeName } from './mesh/node-names.ts';
import {
	endpointOf,
	MAX_NODES,
	MAX_PORT,
	type MeshOptions,
	nodeHealthPort,
	type ObserverOptions,
	tracesKeySettings,
	tracesUrl,
} from './mesh/services.ts';
import { createStory, joinsWidth, type Story } from './mesh/story.ts';

interface Flags {
	readonly certificateLifetime?: number;
	readonly nodes?: number;
	readonly once?: boolean;
	readonly pagePort: number;
	readonly port: number;
	readonly allowActions: boolean;
	readonly state: string;
	readonly verbose?: boolean;
	readonly store: string;
}

const DEFAULT_NODES = 1;
const ONCE_NODES = 3;
/** With more nodes, the terminal shows one line per join. */
const MAX_NODES_IN_DETAIL = 5;
const READY_MS = 30_000;
/** What ca-service takes in a lab. */
const MIN_LIFETIME_SECONDS = 5;
const MAX_LIFETIME_SECONDS = 10 * 365 * 24 * 3_600;

const storeOf: Parse<string> = (value) => {
	if (value !== 'lmdb' && !/^rediss?:\/\/./.test(value))
		throw new Error('lmdb, redis://HOST:PORT or rediss://HOST:PORT');
	return value;
};

const program = new Command('npm start --')
	.description('Start a cluster on 127.0.0.1 and let nodes join it')
	.option(
		'--nodes <number>',
		`how many nodes join (default: ${DEFAULT_NODES}, with --once ${ONCE_NODES})`,
		parsedBy(integer(0, MAX_NODES)),
	)
	.option('--once', 'join, check that every node is Ready, stop; exit code 0 when all went well')
	.option('--port <port>', 'of the API server; the other ports follow from it', parsedBy(integer(1, MAX_PORT)), 6443)
	.option('--page-port <port>', 'of the page', parsedBy(integer(1, 65_535)), 8080)
	.option('--verbose', 'print every message of a join')
	.option('--no-allow-actions', 'the page may look, and not join nodes or decide requests')
	.option('--state <dir>', 'where the cluster is kept', '.kubejoin')
	.option(
		'--certificate-lifetime <seconds>',
		'of nodes, for a lab only: they renew within it (default: a year)',
		parsedBy(integer(MIN_LIFETIME_SECONDS, MAX_LIFETIME_SECONDS)),
	)
	.option(
		'--store <url>',
		'lmdb (files in the state directory), redis://HOST:PORT or rediss://HOST:PORT',
		parsedBy(storeOf),
		'lmdb',
	)
	.action(up);

async function up(flags: Flags): Promise<void> {
	const state = resolve(flags.state);
	const telemetry = Object.fromEntries(
		Object.entries(environment()).flatMap(([name, value]) =>
			name.startsWith('OTEL_') && value !== undefined ? [[name, value]] : [],
		),
	);
	const nodes = flags.nodes ?? (flags.once ? ONCE_NODES : DEFAULT_NODES);
	const { columns, isTTY } = process.stdout;
	const observer: ObserverOptions = {
		pagePort: flags.pagePort,
		story: flags.verbose ? 'steps' : nodes > MAX_NODES_IN_DETAIL ? 'joins' : 'checks',
		columns: joinsWidth(columns),
		color: isTTY === true && !environment().NO_COLOR,
		allowActions: flags.allowActions,
	};
	const options: MeshOptions = {
		state,
		port: flags.port,
		store: flags.store,
		telemetry,
		observer,
		settings: labSettings(flags),
	};
	const stopping = new AbortController();
	const stop = (why?: KubejoinError) => stopping.abort(why);
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop());
	// Whoever read along has gone, as `head` does.
	process.stdout.on('error', () => stop());

	const story = createStory(state, (text) => process.stdout.write(text), columns);
	const startedMs = performance.now();
	const onCrash = (name: string, how: string) =>
		!stopping.signal.aborted && story.say(`${name} ${how}; it is started again`);
	let mesh: LocalMesh | undefined;
	let lab: Awaited<ReturnType<typeof offerLab>> | undefined;
	try {
		mesh = await startLocalMesh(options, { onLine: story.line, onCrash, onGiveUp: stop });
		lab = await offerLab(mesh, options);
		surviveUnforeseen(sayUnforeseen(story.say));
		story.say(servicesText(flags, performance.now() - startedMs));
		// A node may wait for long; whoever says stop does not.
		await Promise.race([joinNodes(mesh, nodes, story, stopping.signal), aborted(stopping.signal)]);
		if (!stopping.signal.aborted && !flags.once) {
			const config = await readJoinConfig(resolve(state, 'join.yaml'));
			const free = freeNodeIndexes(await nodeNames(mesh, state), nodes, 2);
			if (config !== undefined) story.say(nextText(options, mesh, free, config));
			await aborted(stopping.signal);
		}
	} catch (error) {
		if (!stopping.signal.aborted) stop(asKubejoinError(error));
	}
	if (mesh !== undefined) {
		story.say('\nStopping');
		// First, while everything else runs: an experiment that the page runs puts right what it changed.
		if (!flags.once) await mesh.service('observer').stop();
		await lab?.stop();
		await mesh.stop();
		story.say(`Stopped. The cluster is kept in ${shown(state)}.`);
	}
	await story.close();
	if (stopping.signal.reason instanceof KubejoinError) throw stopping.signal.reason;
}

/** Short lifetimes are for a lab; ca-service says so at every start. */
const labSettings = ({ certificateLifetime }: Flags): NonNullable<MeshOptions['settings']> =>
	certificateLifetime === undefined
		? {}
		: { 'ca-service': { LAB: 'true', SIGNING_DURATION_SECONDS: String(certificateLifetime) } };

/** Start the nodes, wait until the API server calls each of them Ready, and show them. @throws SERVICE_FAILED */
async function joinNodes(mesh: LocalMesh, count: number, story: Story, signal: AbortSignal): Promise<void> {
	const joinConfig = await mesh.makeJoinConfig();
	const names = Array.from({ length: count }, (_, index) => nodeName(index));
	await Promise.all(names.map((name, index) => mesh.startNode(name, index, joinConfig)));
	for (const deadline = performance.now() + READY_MS; ; await delay(200)) {
		if (signal.aborted) return;
		const { code, stdout, stderr } = await mesh.kubectl('get', 'nodes');
		const ready = stdout
			.split('\n')
			.filter((line) => / Ready /.test(line))
			.map((line) => line.split(' ')[0] ?? '');
		if (code === 0 && names.every((name) => ready.includes(name))) {
			if (count > 0) await story.told();
			if (count > 0) story.say(`\n$ kubectl-sim get nodes\n${stdout}`);
			return;
		}
		if (performance.now() > deadline)
			throw new KubejoinError('SERVICE_FAILED', {
				service: 'npm start',
				problem: `waited ${READY_MS / 1000} s for ${count} Ready nodes and found:\n${stdout}${stderr}`,
			});
	}
}

/** The names of the nodes that are in the cluster, or have files in the state directory. */
async function nodeNames(mesh: LocalMesh, state: string): Promise<ReadonlySet<string>> {
	const { stdout } = await mesh.kubectl('get', 'nodes', '-o', 'name');
	const onDisk = await readdir(resolve(state, 'nodes')).catch(() => []);
	return new Set([...stdout.split('\n').map((line) => line.replace(/^node\//, '')), ...onDisk]);
}

const aborted = (signal: AbortSignal): Promise<void> =>
	new Promise((done) => {
		if (signal.aborted) done();
		signal.addEventListener('abort', () => done());
	});

/** As short as it can be typed here. */
const shown = (path: string): string => {
	const short = relative(process.cwd(), path);
	return short === '' || short.startsWith('..') ? path : short;
};

const servicesText = (
	{ port, pagePort, store }: Flags,
	ms: number,
): string => `kubejoin: real certificates, TLS and gRPC; simulated Kubernetes. Up in ${(ms / 1000).toFixed(1)} s:
  ca-service              127.0.0.1:${port + 1}  holds the cluster's CA key; signs
  token-store             127.0.0.1:${port + 2}  keeps the bootstrap tokens${store === 'lmdb' ? '' : ' in Redis'}
  apiserver-sim           127.0.0.1:${port}  the front door
  controller-manager-sim                  approves, has signed, cleans up
  observer                127.0.0.1:${pagePort}  watch: http://127.0.0.1:${pagePort}
`;

/** A node finds its key in the default state directory by itself. */
function tracesKeyText(options: MeshOptions): string {
	const { TRACES_KEY_FILE: file = '' } = tracesKeySettings(options, 'kubelet-sim');
	return options.state === resolve('.kubejoin') ? '' : `\n     export KUBEJOIN_TRACES_KEY_FILE=${shown(file)}`;
}

function nextText(
	options: MeshOptions,
	{ kubeconfig }: LocalMesh,
	[first = 0, second = 0]: readonly number[],
	{ token, hash }: JoinConfig,
): string {
	const { port, state } = options;
	const rest = (index: number) => `--node-name ${nodeName(index)} --healthz-port ${nodeHealthPort(port, index)}`;
	const join = (pin: string, index: number) => `npx kubelet-sim join ${endpointOf({ port })} --token ${token} \\
       --discovery-token-ca-cert-hash ${pin} \\
       ${rest(index)}`;
	return `The cluster is up. Join another node, in another terminal; the page sees it:
     export OTEL_EXPORTER_OTLP_ENDPOINT=${tracesUrl(port)}${tracesKeyText(options)}
     ${join(hash, first)}

The kubeconfig of its admin is ${shown(kubeconfig)}:
     export KUBECONFIG=${shown(kubeconfig)}

Three things to try:
  1. See what was asked for, by whom, and what became of it:
     npx kubectl-sim get csr
  2. Join with the wrong CA hash. The node refuses, and keeps its token:
     ${join(`sha256:${'0'.repeat(64)}`, second)}
  3. Delete the token, then join with it: npx kubectl-sim token delete ${token.split('.')[0]}

What the programs say in full is in ${shown(resolve(state, 'logs'))}.
Ctrl-C stops everything; npm start finds the same cluster again.
`;
}

process.exitCode = await runCli(program, {
	examples: ['npm start', 'npm start -- --nodes 20', 'npm start -- --once --state /tmp/kubejoin'],
	executable: 'kubejoin-start',
});
