/** Starts the observer and stops it. */
import '../../lib/require-node.ts';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Server } from 'node:http';
import { join, resolve } from 'node:path';
import type { Express } from 'express';
import { monotonicClock, systemClock } from '../../lib/clock.ts';
import { type Config, environment } from '../../lib/config.ts';
import { openApiChannel } from '../../lib/kube/api-channel.ts';
import { apiClientWithoutManagedFields } from '../../lib/kube/client.ts';
import { kubernetesVersion } from '../../lib/kube/version.ts';
import type { CountRefusal } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';
import { projectPath } from '../../lib/paths.ts';
import { findFreePort } from '../../lib/ports.ts';
import { refusalCounter } from '../../lib/refusal-counter.ts';
import { createHttpServer, type HttpServerOptions, listenHttp } from '../../lib/rpc/http-server.ts';
import { runService } from '../../lib/rpc/run.ts';
import { deriveTracesKey } from '../../lib/traces-key.ts';
import { createActions } from './actions.ts';
import { createAuthenticate } from './authenticate.ts';
import { createCertificatesView } from './certificates.ts';
import { localRunner, socketRunner } from './clients.ts';
import { createClusterView } from './cluster.ts';
import { settings } from './config.ts';
import { ExperimentFiles, readRecorded } from './experiment-files.ts';
import { createExperimentRunner, type ExperimentRunner } from './experiments.ts';
import { createForwarder } from './forward.ts';
import { checkServices, readyChecks } from './health.ts';
import { createJoins, type JoinEvents, type Joins } from './joins.ts';
import { OpenJoins } from './open-joins.ts';
import { Outages } from './outages.ts';
import { isUnspecified, pageUrl } from './page-address.ts';
import { createPageApp, pageDirectory } from './page-app.ts';
import { readOnlyReason } from './read-only.ts';
import { terminalRunsDirectory } from './received-run.ts';
import { isRefusal, Refusals } from './refusals.ts';
import { RunHistory } from './run-history.ts';
import { SavedJoins } from './saved-joins.ts';
import { TerminalRuns } from './terminal-runs.ts';
import { createTextReporter, type TextReporter } from './text-reporter.ts';
import { createTracesApp } from './traces-app.ts';
import { Traffic } from './traffic.ts';

type Settings = Config<typeof settings>;

const service = 'observer';
const FLUSH_MS = 100;
/** How soon the page learns whether the runner of experiments is available. */
const CHECK_RUNNER_MS = 2_000;
/** Between two experiments that are read before a page asks for all. */
const READ_AHEAD_MS = 500;
/** During a join, also while no page is open. */
const PROBE_MS = 1_000;
const KEPT_LINES = 10_000;
/** Of the joins that are in files. */
const IN_MEMORY = 100;

await runService(service, settings, async (config, log, registry, unforeseen) => {
	const count = refusalCounter(registry);
	const { joins, outages, refusals } = collectJoins(config, count);
	// Before the reporter listens: it prints no join of an earlier run.
	const saved = await openSavedJoins(config, joins, count, log);
	const reporter = startReporter(config, joins);
	const traffic = new Traffic(joins, refusals, systemClock);
	const experiments = openExperiments(config, outages, count, log);
	const terminals = experiments && openTerminals(config, experiments, count, log);
	terminals?.read();
	await experiments?.check();
	const shown = { joins, openJoins: new OpenJoins(joins, saved), traffic, experiments };
	const page = openPage(config, shown, outages, count, log);
	const traces = openTraces(config, { joins, traffic, refusals }, count, log);
	const servers = await serveBoth(config, page.app, traces, {
		unforeseen,
		count,
	});
	const timers = [
		setInterval(() => {
			joins.flush();
			traffic.flush();
			saved?.save();
			reporter?.settle(systemClock());
		}, FLUSH_MS),
		setInterval(() => {
			terminals?.read();
			void experiments?.check();
		}, CHECK_RUNNER_MS),
		setInterval(() => {
			if (joins.hasJoining()) void checkHealth(config, outages);
		}, PROBE_MS),
	];
	log.info(
		{
			page: pageUrl(config),
			traces: `${config.otlpAddress}:${config.otlpPort}`,
			mayAct: readOnlyReason(config) === undefined,
		},
		'listening',
	);
	return {
		ready: readyChecks(() => existsSync(join(page.directory, 'index.html'))),
		async stop() {
			await experiments?.close();
			for (const timer of timers) clearInterval(timer);
			await page.stop();
			for (const server of servers) {
				server.close();
				server.closeAllConnections();
			}
			joins.flush();
			await saved?.close();
			reporter?.settle(Number.POSITIVE_INFINITY);
		},
	};
});

/** The joins, and the events of the mesh that concern them. */
function collectJoins(config: Settings, count: CountRefusal) {
	const services = config.services.map(({ name }) => name);
	const areSaved = config.stateDirectory !== undefined;
	const keptJoins = areSaved ? Math.min(config.keptJoins, IN_MEMORY) : config.keptJoins;
	const outages = new Outages({ onChange: (fromMs) => joins.refreshSince(fromMs) });
	const joins = createJoins({
		...{ keptJoins, keptLines: KEPT_LINES, areSaved, clock: monotonicClock, count },
		eventsOf(node, fromMs, toMs): JoinEvents {
			const isOfJoin = (party: string) => party === node || party === '*' || services.includes(party);
			const found = outages.during(fromMs, toMs, isOfJoin);
			const refused = refusals.during(fromMs, toMs);
			return {
				...(found.length === 0 ? {} : { outages: found }),
				...(refused.length === 0 ? {} : { refusedConnections: refused }),
			};
		},
	});
	const refusals = new Refusals((fromMs) => joins.refreshSince(fromMs));
	return { joins, outages, refusals };
}

interface Shown {
	readonly joins: Joins;
	readonly openJoins: OpenJoins;
	readonly traffic: Traffic;
	readonly experiments: ExperimentRunner | undefined;
}

/** The page, and its requests to the cluster. */
function openPage(config: Settings, shown: Shown, outages: Outages, count: CountRefusal, log: Log) {
	const channel = openChannel(config);
	const cluster = createClusterView({
		api: channel && apiClientWithoutManagedFields(channel),
		checkServices: () => checkHealth(config, outages),
		clock: systemClock,
		log,
	});
	const certificates = createCertificatesView({ file: config.certificates, issued: () => cluster.issued() });
	const actions = openActions(config, shown.experiments, count, log);
	const readOnly = readOnlyReason(config);
	const session = {
		key: randomBytes(32).toString('base64url'),
		actions: actions?.names ?? [],
		...(readOnly === undefined ? {} : { readOnly }),
		version: kubernetesVersion.gitVersion,
	};
	const directory = pageDirectory(projectPath());
	const app = createPageApp({
		...{ ...shown, cluster, session, certificates, clock: systemClock, directory, actions, count, log },
		hosts: config.pageHosts,
	});
	const stop = async () => {
		await actions?.stop();
		channel?.close();
	};
	return { app, directory, stop };
}

async function serveBoth(config: Settings, page: Express, traces: Express, guarded: HttpServerOptions) {
	const pageServer = await serve(page, config.listenAddress, config.port, guarded);
	const tracesServer = await serve(traces, config.otlpAddress, config.otlpPort, guarded).catch((error: unknown) => {
		pageServer.close();
		throw error;
	});
	return [pageServer, tracesServer];
}

async function openSavedJoins(
	{ stateDirectory, keptJoins }: Settings,
	joins: Joins,
	count: CountRefusal,
	log: Log,
): Promise<SavedJoins | undefined> {
	if (stateDirectory === undefined) return undefined;
	return await SavedJoins.open({ directory: stateDirectory, joins, keptJoins, clock: monotonicClock, count, log });
}

function startReporter({ story, columns, color, language }: Settings, joins: Joins): TextReporter | undefined {
	if (story === 'off') return undefined;
	const write = (text: string) => void process.stdout.write(text);
	const reporter = createTextReporter({ columns, color: color ?? isColorful(), detail: story, language, write });
	joins.listen({
		join: (join) => reporter.join(join, systemClock()),
		wantsSteps: () => story !== 'joins',
		step: (step) => reporter.step(step, systemClock()),
	});
	return reporter;
}

function openChannel({ kubeconfig }: Settings): ReturnType<typeof openApiChannel> | undefined {
	if (kubeconfig === undefined) return undefined;
	const channel = openApiChannel(kubeconfig);
	// The page does not show its own requests: a trace context that is not sampled.
	const traceparent = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-00`;
	return { ...channel, metadata: { ...channel.metadata, traceparent } };
}

async function checkHealth(config: Settings, outages: Outages): ReturnType<typeof checkServices> {
	const sentMs = systemClock();
	const found = await checkServices(config.services, systemClock);
	outages.addProbes(found, sentMs, systemClock());
	return found;
}

function openExperiments(
	config: Settings,
	outages: Outages,
	count: CountRefusal,
	log: Log,
): ExperimentRunner | undefined {
	const { experiments, experimentsDirectory: directory, experimentsState: state } = config;
	if (experiments === undefined) return undefined;
	const observer = pageUrl(config);
	const runner =
		experiments.socket === undefined
			? localRunner({ directory: resolve(directory), state: resolve(state), observer })
			: socketRunner(experiments.socket);
	const files = new ExperimentFiles(directory, log);
	const list = () => files.list();
	const readAhead = setInterval(() => files.readNext() || clearInterval(readAhead), READ_AHEAD_MS).unref();
	const history = new RunHistory({
		file: config.stateDirectory === undefined ? undefined : join(config.stateDirectory, 'experiments.json'),
		recorded: readRecorded(
			projectPath('docs/chaos-results.json'),
			experiments.socket === undefined ? 'local' : 'compose',
		),
		log,
	});
	const mayRun = readOnlyReason(config) === undefined;
	const created = createExperimentRunner({ list, runner, mayRun, history, clock: systemClock, count, log });
	created.listen({
		run: (run) =>
			outages.addRun(
				run,
				list().find(({ name }) => name === run.experiment),
			),
	});
	return created;
}

/**
 * Runs in a terminal have their journals in the state directory of a local mesh. Beside a runner in a container, they
 * are received into the observer's own directory.
 */
function openTerminals(
	config: Settings,
	runner: ExperimentRunner,
	count: CountRefusal,
	log: Log,
): TerminalRuns | undefined {
	const isLocal = config.experiments?.socket === undefined;
	const directory = isLocal ? config.experimentsState : config.stateDirectory;
	if (directory === undefined) return undefined;
	return new TerminalRuns({
		directory: terminalRunsDirectory(resolve(directory)),
		onEvent: runner.hearTerminal.bind(runner),
		onLost: runner.loseTerminal.bind(runner),
		count,
		log,
	});
}

function openActions(config: Settings, experiments: ExperimentRunner | undefined, count: CountRefusal, log: Log) {
	const { kubeconfig, nodesDirectory, nodeTracesTo, tracesRootKey } = config;
	if (kubeconfig === undefined || readOnlyReason(config) !== undefined) return undefined;
	return createActions({
		kubeconfig: kubeconfig.path,
		experiments,
		nodesDirectory,
		telemetry: { OTEL_EXPORTER_OTLP_ENDPOINT: nodeTracesTo },
		tracesKey: deriveTracesKey(tracesRootKey, 'kubelet-sim'),
		freePort: findFreePort,
		count,
		log,
	});
}

interface Receivers {
	readonly joins: Joins;
	readonly traffic: Traffic;
	readonly refusals: Refusals;
}

function openTraces(config: Settings, { joins, traffic, refusals }: Receivers, count: CountRefusal, log: Log): Express {
	const { forwardTracesTo, otlpAddress, otlpHosts, tracesRootKey } = config;
	const forward = forwardTracesTo === undefined ? undefined : createForwarder(forwardTracesTo, log, count);
	return createTracesApp({
		authenticate: createAuthenticate(tracesRootKey),
		hosts: [...otlpHosts, ...(isUnspecified(otlpAddress) ? [] : [otlpAddress])],
		onSpans(spans, body, program) {
			refusals.add(spans);
			joins.add(spans.filter((span) => !isRefusal(span)));
			traffic.addExport(program);
			forward?.(body);
		},
		count,
		clock: monotonicClock,
		log,
	});
}

async function serve(app: Express, address: string, port: number, guarded: HttpServerOptions): Promise<Server> {
	const server = createHttpServer(app, guarded);
	await listenHttp(server, service, address, port, guarded);
	return server;
}

function isColorful(): boolean {
	const { NO_COLOR = '' } = environment();
	return NO_COLOR === '' && process.stdout.isTTY === true;
}
