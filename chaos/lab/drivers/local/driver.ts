/** The driver of a mesh that `npm start` runs: it calls the control server of that process. */
import { constants } from 'node:buffer';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { KubejoinError } from '../../../../lib/errors.ts';
import { readText } from '../../../../lib/files.ts';
import type { LabApi } from '../../control/api.ts';
import type { ControlClient } from '../../control/client.ts';
import type { ProxyReach, Send } from '../../faults/network.ts';
import type { Driver, Stealable } from '../driver.ts';

/** Below the PKI directory of the mesh. */
const stealableDirectories: Readonly<Record<Stealable, string>> = {
	'ca-key': 'ca-service',
	'mesh-client': 'apiserver-sim',
	'signing-client': 'controller-manager-sim',
	admin: 'admin',
};

export const localDriver = (control: ControlClient, lab: LabApi): Driver & ProxyReach => ({
	kind: 'local',
	lab,
	services: control.services,
	kill: (service) => control.service(service, 'kill'),
	start: (service) => control.service(service, 'start'),
	pause: (service) => control.service(service, 'pause'),
	resume: (service) => control.service(service, 'resume'),
	change: control.change,
	// A stopped process answers no client. That is as close to a cut connection as one machine gets without Toxiproxy.
	cut: (service) => control.service(service, 'pause'),
	heal: (service) => control.service(service, 'resume'),
	restore: control.restore,
	changeOf: async (service) => (await control.services()).find(({ name }) => name === service)?.change,
	toxiproxy: localToxiproxy,
	async proxyPlace(callee, _port, proxyPort) {
		const upstream = (await control.mesh()).addresses[callee];
		if (upstream === undefined)
			throw new KubejoinError('COMMAND_INVALID', {
				problem: `this mesh has no connection to ${callee}`,
				remedy: 'Name a connection to token-store or ca-service',
			});
		const own = `127.0.0.1:${proxyPort}`;
		return { listen: own, upstream, dialled: own };
	},
	labExists: async () => true,
	removeLab: async () => [],
	// All files are on one disk, so attackers read the originals.
	steal: async (thing) => join((await control.mesh()).pki, stealableDirectories[thing]),
	observerUrl: async () => (await control.mesh()).observerUrl,
	async logs(sinceMs) {
		const { logs } = await control.mesh();
		const names = (await readdir(logs)).filter((name) => name.endsWith('.log'));
		const texts = names.map((name) => readText(join(logs, name), constants.MAX_STRING_LENGTH));
		return texts
			.flatMap((text) => text.split('\n'))
			.filter((line) => sinceMs === 0 || timeMsOf(line) >= sinceMs)
			.join('\n');
	},
});

/** @returns 0 for a line that is not a JSON log record */
const timeMsOf = (line: string): number => Date.parse(/^\{.*"time":"([^"]+)"/.exec(line)?.[1] ?? '') || 0;

/** The default address of `toxiproxy-server`. */
const TOXIPROXY = 'http://127.0.0.1:8474';
const TOXIPROXY_MS = 30_000;

/** @returns undefined when no Toxiproxy runs on this machine */
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
