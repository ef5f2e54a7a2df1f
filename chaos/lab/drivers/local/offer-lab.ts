/** Lets experiments control the mesh that `npm start` runs, with signals and with restarts. */
import { join } from 'node:path';
import { KubejoinError } from '../../../../lib/errors.ts';
import type { LocalMesh } from '../../../../scripts/mesh/local-mesh.ts';
import {
	type Change,
	type MeshOptions,
	type ServiceName,
	servicePorts,
	servicesOf,
	tracesKeySettings,
	tracesUrl,
} from '../../../../scripts/mesh/services.ts';
import type { ServiceControl, ServiceState } from '../../control/api.ts';
import { labDirectory } from '../../control/client.ts';
import { serveControl } from '../../control/server.ts';
import { createWorkers } from '../../workers.ts';

/** @returns stops the control server, and every node and attacker of experiments */
export async function offerLab(mesh: LocalMesh, options: MeshOptions): Promise<{ stop: () => Promise<void> }> {
	const { state, port, observer } = options;
	const directory = labDirectory(state);
	const addresses = Object.fromEntries(
		servicePorts(options).flatMap(({ service, port: own }) => (own < port + 3 ? [[service, `127.0.0.1:${own}`]] : [])),
	);
	return serveControl({
		directory,
		info: {
			endpoint: mesh.endpoint,
			kubeconfig: mesh.kubeconfig,
			clusterCa: join(state, 'pki/admin/ca.crt'),
			addresses,
			ownAddress: '127.0.0.1',
			unnamedAddress: '127.0.0.2',
		},
		workers: createWorkers(join(directory, 'workers'), {
			telemetry: observer === undefined ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: tracesUrl(port) },
			settingsOf: (program) => tracesKeySettings(options, program),
		}),
		control: localControl(mesh, options),
	});
}

function localControl(mesh: LocalMesh, options: MeshOptions): ServiceControl {
	const states = new Map<ServiceName, ServiceState>(
		servicesOf(options).map((name) => [name, { name, state: 'running', startedAtMs: Date.now(), isChanged: false }]),
	);
	const known = (service: string): ServiceState & { name: ServiceName } => {
		const state = states.get(service as ServiceName);
		if (state === undefined)
			throw new KubejoinError('LAB_NOT_FOUND', { kind: 'service', name: service, known: [...states.keys()] });
		return state as ServiceState & { name: ServiceName };
	};
	const set = (service: string, change: Partial<ServiceState>) => {
		const state = known(service);
		states.set(state.name, { ...state, ...change });
	};
	async function start(service: string, change?: Change): Promise<void> {
		const { name } = known(service);
		set(service, { state: 'stopped', startedAtMs: 0 });
		await mesh.startService(name, change);
		const { change: _before, ...state } = known(service);
		states.set(name, {
			...state,
			state: 'running',
			startedAtMs: Date.now(),
			isChanged: change !== undefined,
			change,
		});
	}
	const signal = (service: string, name: NodeJS.Signals, state: ServiceState['state']) => {
		mesh.service(known(service).name).kill(name);
		set(service, { state });
	};
	return {
		services: () => [...states.values()],
		async kill(service) {
			const { name } = known(service);
			set(service, { state: 'stopped', startedAtMs: 0 });
			await mesh.killService(name);
		},
		start: (service) => start(service),
		pause: (service) => signal(service, 'SIGSTOP', 'paused'),
		resume: (service) => signal(service, 'SIGCONT', 'running'),
		change: (service, change) => start(service, change),
		async restore() {
			const done: string[] = [];
			for (const { name, state, isChanged } of states.values()) {
				if (state === 'paused') {
					signal(name, 'SIGCONT', 'running');
					done.push(`resumed ${name}`);
				}
				if (state === 'stopped' || isChanged) {
					await start(name);
					done.push(`started ${name}`);
				}
			}
			if (done.length > 0) await mesh.ready();
			return done;
		},
		nodes: mesh.nodeNames,
		observerUrl: options.observer === undefined ? '' : `http://127.0.0.1:${options.observer.pagePort}`,
		logs: join(options.state, 'logs'),
		pki: join(options.state, 'pki'),
	};
}
