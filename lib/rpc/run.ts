/**
 * The life of a service's process: read settings, start, report that it listens, stop once on SIGTERM, SIGINT or the
 * end of the runner that started it. It is the same for every service.
 */
import type { Server } from 'node:http';
import { requestedHelp } from '../cli/settings-help.ts';
import {
	type Config,
	commonSettings,
	environment,
	ignoreProxies,
	invalidSettings,
	PREFIX,
	readConfig,
	type Settings,
} from '../config.ts';
import { asKubejoinError } from '../errors.ts';
import { keepLittleMemory } from '../heap.ts';
import { createLog, errorFields, type Log } from '../log.ts';
import { createRegistry, type Registry } from '../metrics.ts';
import { refusalCounter } from '../refusal-counter.ts';
import { type HealthChecks, serveHealth } from './health.ts';
import { startTracing } from './tracing.ts';
import { type ReportUnforeseen, reportUnforeseen, surviveUnforeseen } from './unforeseen.ts';
import { unforeseenCounter } from './unforeseen-counter.ts';

export interface Running {
	/** Failures that only a restart can end. */
	readonly live?: HealthChecks;
	/** Dependencies that the service needs for its work. */
	readonly ready: HealthChecks;
	/** Drain and release everything; called once. */
	readonly stop: () => Promise<void>;
}

/** Time for running calls after a stop was requested. Docker kills after 10 s. */
export const STOP_GRACE_MS = 5_000;

/**
 * Runs a service until it is stopped. Exits with 2 on invalid settings and with 1 if it cannot start.
 *
 * @param service   folder name of the service
 * @param settings  its own table; the common settings are added
 * @param start     builds everything and begins to serve; metrics go into the registry, errors of HTTP handlers to the
 *   reporter
 */
export async function runService<S extends Settings>(
	service: string,
	settings: S,
	start: (config: Config<S>, log: Log, registry: Registry, unforeseen: ReportUnforeseen) => Promise<Running>,
): Promise<void> {
	const help = requestedHelp(service, { ...commonSettings, ...settings });
	if (help !== undefined) return void process.stdout.write(help);
	ignoreProxies();
	let log = createLog({ service, level: 'info', format: 'text' });
	const stopping = new Promise<string>((resolve) => {
		process.once('SIGTERM', () => resolve('SIGTERM'));
		process.once('SIGINT', () => resolve('SIGINT'));
		process.once('disconnect', () => resolve('the runner has gone'));
	});
	let stopTracing = async (): Promise<void> => undefined;
	let running: Running | undefined;
	let health: Server | undefined;
	try {
		const config = readConfig({ ...commonSettings, ...settings }) as Config<typeof commonSettings> & Config<S>;
		log = createLog({ service, level: config.logLevel, format: config.logFormat });
		stopTracing = await startTracing(service, {
			key: config.tracesKey,
			startsTraces: false,
			onRefused: (problem) => log.warn({ problem }, 'this program is not shown by the observer'),
		});
		const registry = createRegistry();
		const unforeseen = reportUnforeseen(log, unforeseenCounter(registry));
		running = await start(config, log, registry, unforeseen);
		const served = {
			live: running.live ?? {},
			ready: running.ready,
			metrics: registry,
			hosts: config.healthHosts,
			unforeseen,
			count: refusalCounter(registry),
		};
		health = await serveHealth(service, config.healthPort, served, config.healthAddress);
		surviveUnforeseen(unforeseen);
		keepLittleMemory();
		process.send?.({ started: service });
	} catch (error) {
		const known = asKubejoinError(error);
		log.error({ ...errorFields(known), remedy: known.remedy }, 'cannot start');
		if (known.code === 'CONFIG_INVALID' && environment()[PREFIX + invalidSettings.env] === 'wait') {
			log.info({}, 'waiting to be stopped');
			await withTimer(stopping);
		}
		await running?.stop();
		await stopTracing();
		process.exitCode = known.exitCode;
		process.disconnect?.();
		return;
	}
	log.info({ why: await stopping }, 'stopping');
	health.close();
	health.closeAllConnections();
	await running.stop();
	await stopTracing();
	log.info('stopped');
	if (process.connected) process.disconnect();
}

/** A promise does not keep the process running; a timer does. */
async function withTimer(waiting: Promise<unknown>): Promise<void> {
	const timer = setInterval(() => undefined, 60_000);
	await waiting;
	clearInterval(timer);
}
