/** The driver of a mesh that `npm start` keeps: it asks that process, over the lab's own channel. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KubejoinError } from '../../../../lib/errors.ts';
import type { ControlClient } from '../../control/client.ts';
import type { ProxyReach, Send } from '../../faults/network.ts';
import type { Driver, Result, Stealable } from '../driver.ts';

/** What lies where, below the PKI directory. */
const stolen: Readonly<Record<Stealable, string>> = {
	'ca-key': 'ca-service',
	'mesh-client': 'apiserver-sim',
	'signing-client': 'controller-manager-sim',
	admin: 'admin',
};

/** @param inside  runs a verb of the lab in this process */
export function localDriver(
	control: ControlClient,
	runInLab: (args: readonly string[]) => Promise<Result>,
): Driver & ProxyReach {
	return {
		kind: 'local',
		services: control.services,
		kill: (service) => control.service(service, 'kill'),
		start: (service) => control.service(service, 'start'),
		pause: (service) => control.service(service, 'pause'),
		resume: (service) => control.service(service, 'resume'),
		change: control.change,
		// A process that is stopped answers nobody: on one machine that is as near to a cut line as there is without another program.
		cut: (service) => control.service(service, 'pause'),
		heal: (service) => control.service(service, 'resume'),
		restore: control.restore,
		changeOf: async (service) => (await control.services()).find(({ name }) => name === service)?.change,
		toxiproxy: localToxiproxy,
		async proxyPlace(callee, _port, proxyPort) {
			const upstream = (await control.mesh()).addresses[callee];
			if (upstream === undefined)
				throw new KubejoinError('COMMAND_INVALID', {
					problem: `there is no wire to ${callee} in this mesh`,
					remedy: 'Name a wire to token-store or ca-service',
				});
			const own = `127.0.0.1:${proxyPort}`;
			return { listen: own, upstream, dialled: own };
		},
		labExists: async () => true,
		removeLab: async () => [],
		runInLab,
		// Everything lies on one disk: what is stolen is used where it is.
		steal: async (thing) => join((await control.mesh()).pki, stolen[thing]),
		observerUrl: async () => (await control.mesh()).observerUrl,
		async logs(sinceMs) {
			const { logs } = await control.mesh();
			const names = (await readdir(logs)).filter((name) => name.endsWith('.log'));
			const texts = await Promise.all(names.map((name) => readFile(join(logs, name), 'utf8')));
			return texts
				.flatMap((text) => text.split('\n'))
				.filter((line) => sinceMs === 0 || timeOf(line) >= sinceMs)
				.join('\n');
		},
	};
}

/** Of a line that a service logged, as JSON; what else was printed has no time. */
const timeOf = (line: string): number => Date.parse(/^\{.*"time":"([^"]+)"/.exec(line)?.[1] ?? '') || 0;

/** Where Toxiproxy listens unless it is told otherwise. */
const TOXIPROXY = 'http://127.0.0.1:8474';
const TOXIPROXY_MS = 2_000;

/** The way to a Toxiproxy that somebody has started on this machine: `toxiproxy-server`. */
async function localToxiproxy(): Promise<Send | undefined> {
	const send: Send = async (method, path, body) => {
		const request = {
			method,
			signal: AbortSignal.timeout(TOXIPROXY_MS),
			...(body === undefined ? {} : { body: JSON.stringify(body) }),
		};
		const response = await fetch(`${TOXIPROXY}${path}`, request);
		return { status: response.status, body: await response.text() };
	};
	return send('GET', '/version').then(
		({ status }) => (status === 200 ? send : undefined),
		() => undefined,
	);
}
