/** Starts the observer and stops it. */
import '../../lib/require-node.ts';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Server } from 'node:http';
import { join, resolve } from 'node:path';
import type { Express } from 'express';
import { monotonicClock, systemClock } from '../../lib/clock.ts';
import { type Config, environment } from '../../lib/config.ts';
import { apiClient } from '../../lib/kube/client.ts';
import { kubernetesVersion } from '../../lib/kube/version.ts';
import { refusalCounter } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';
import { projectPath } from '../../lib/paths.ts';
import { findFreePort } from '../../lib/ports.ts';
import { openApiChannel } from '../../lib/rpc/api-channel.ts';
import { createHttpServer, type HttpServerOptions, listenHttp } from '../../lib/rpc/http-server.ts';
import { runService } from '../../lib/rpc/run.ts';
import { deriveTracesKey } from '../../lib/traces-key.ts';
import { createActions } from './actions.ts';
import { createAuthenticate } from './authenticate.ts';
import { localRunner, socketRunner } from './clients.ts';
import { createClusterView } from './cluster.ts';
import { settings } from './config.ts';
import { readExperiments } from './experiment-files.ts';
import { createExperimentRunner, type ExperimentRunner } from './experiments.ts';
import { createForwarder } from './forward.ts';
import { checkServices, readyChecks } from './health.ts';
import { createJoins } from './joins.ts';
import { createPageApp, pageDirectory } from './page-app.ts';
import { createTextReporter } from './text-reporter.ts';
import { createTracesApp } from './traces-app.ts';

const service = 'observer';
const FLUSH_MS = 100;
/** How soon the page learns that the runner of experiments came or went. */
const CHECK_RUNNER_MS = 2_000;
const KEPT_LINES = 10_000;

await runService(service, settings, async (config, log, registry, unforeseen) => {
	const { kubeconfig, allowActions, listenAddress, nodesDirectory, story } = config;
	const count = refusalCounter(registry);
	const joins = createJoins({ keptJoins: config.keptJoins, keptLines: KEPT_LINES, clock: monotonicClock, count });
	const channel = kubeconfig === undefined ? undefined : openApiChannel(kubeconfig);
	// What the page itself asks is no part of what it shows: a context that is not sampled.
	channel?.metadata.set('traceparent', `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-00`);
	const cluster = createClusterView({
		...(channel === undefined ? {} : { api: apiClient(channel) }),
		checkServices: () => checkServices(config.services),
		clock: systemClock,
	});
	const mayAct =
		kubeconfig !== undefined &&
		(allowActions === 'true' || (allowActions === 'local' && listenAddress === '127.0.0.1'));
	const experiments = config.experiments === undefined ? undefined : openDesk(config, config.experiments, mayAct, log);
	await experiments?.check();
	const actions = mayAct
		? createActions({
				kubeconfig: kubeconfig.path,
				...(experiments === undefined ? {} : { experiments }),
				...(nodesDirectory === undefined ? {} : { nodesDirectory }),
				telemetry: { OTEL_EXPORTER_OTLP_ENDPOINT: config.nodeTracesTo },
				tracesKey: deriveTracesKey(config.tracesRootKey, 'kubelet-sim'),
				freePort: findFreePort,
				log,
			})
		: undefined;
	const session = {
		key: randomBytes(32).toString('base64url'),
		actions: actions?.names ?? [],
		version: kubernetesVersion.gitVersion,
	};
	const directory = pageDirectory(projectPath());
	const forward =
		config.forwardTracesTo === undefined ? undefined : createForwarder(config.forwardTracesTo, log, count);

	const page = createPageApp({
		joins,
		cluster,
		session,
		clock: systemClock,
		directory,
		...(actions === undefined ? {} : { actions }),
		...(experiments === undefined ? {} : { experiments }),
		hosts: config.pageHosts,
		count,
		log,
	});
	const traces = createTracesApp({
		authenticate: createAuthenticate(config.tracesRootKey),
		hosts: [...config.otlpHosts, ...(isUnspecified(config.otlpAddress) ? [] : [config.otlpAddress])],
		onSpans(spans, body) {
			joins.add(spans);
			forward?.(body);
		},
		count,
		clock: monotonicClock,
		log,
	});
	const guarded = { unforeseen, count };
	const pageServer = await serve(page, listenAddress, config.port, guarded);
	const tracesServer = await serve(traces, config.otlpAddress, config.otlpPort, guarded).catch((error: unknown) => {
		pageServer.close();
		throw error;
	});
	const reporter =
		story === 'off'
			? undefined
			: createTextReporter({
					columns: config.columns,
					color: config.color ?? isColorful(),
					detail: story,
					write: (text) => void process.stdout.write(text),
				});
	if (reporter !== undefined) {
		joins.listen({
			join: (join) => reporter.join(join, Date.now()),
			wantsSteps: () => story !== 'joins',
			step: (step) => reporter.step(step, Date.now()),
		});
	}
	const tick = () => {
		joins.flush();
		reporter?.settle(Date.now());
	};
	const timer = setInterval(tick, FLUSH_MS);
	const checking = setInterval(() => void experiments?.check(), CHECK_RUNNER_MS);
	log.info(
		{
			page: `http://${config.listenAddress}:${config.port}`,
			traces: `${config.otlpAddress}:${config.otlpPort}`,
			mayAct,
		},
		'listening',
	);
	return {
		ready: readyChecks(() => existsSync(join(directory, 'index.html'))),
		async stop() {
			await experiments?.close();
			clearInterval(timer);
			clearInterval(checking);
			await actions?.stop();
			for (const server of [pageServer, tracesServer]) {
				server.close();
				server.closeAllConnections();
			}
			joins.flush();
			reporter?.settle(Number.POSITIVE_INFINITY);
			channel?.close();
		},
	};
});

function openDesk(
	config: Config<typeof settings>,
	{ socket }: { readonly socket?: string },
	mayRun: boolean,
	log: Log,
): ExperimentRunner {
	const { experimentsDirectory: directory, experimentsState: state, listenAddress, port } = config;
	const observer = `http://${listenAddress === '0.0.0.0' ? '127.0.0.1' : listenAddress}:${port}`;
	const runner =
		socket === undefined
			? localRunner({ directory: resolve(directory), state: resolve(state), observer })
			: socketRunner(socket);
	return createExperimentRunner({ list: readExperiments(directory, log), runner, mayRun, clock: systemClock, log });
}

async function serve(app: Express, address: string, port: number, guarded: HttpServerOptions): Promise<Server> {
	const server = createHttpServer(app, guarded);
	await listenHttp(server, service, address, port, guarded);
	return server;
}

function isUnspecified(address: string): boolean {
	return address === '0.0.0.0' || address === '::';
}

function isColorful(): boolean {
	const { NO_COLOR = '' } = environment();
	return NO_COLOR === '' && process.stdout.isTTY === true;
}
