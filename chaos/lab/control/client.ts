/** The client of the control server. It does not import the server, so that commands start quickly. */
import { join } from 'node:path';
import { fromWireError, KubejoinError } from '../../../lib/errors.ts';
import { readFileIfThere } from '../../../lib/files.ts';
import type { WorkerPlan, WorkerSignal, WorkerState } from '../workers.ts';
import type { Change, MeshInfo, ServiceControl, ServiceState } from './api.ts';

/** The directory of the lab in a state directory. */
export const labDirectory = (state: string): string => join(state, 'lab');

/** Contains the address and the key of the control server. */
export const CONTROL_FILE = 'control.json';

export interface ControlClient {
	readonly mesh: () => Promise<MeshInfo & Pick<ServiceControl, 'observerUrl' | 'logs' | 'pki'>>;
	readonly services: () => Promise<readonly ServiceState[]>;
	readonly service: (name: string, action: 'kill' | 'start' | 'pause' | 'resume') => Promise<void>;
	readonly change: (name: string, change: Change) => Promise<void>;
	readonly restore: () => Promise<readonly string[]>;
	readonly workers: () => Promise<readonly WorkerState[]>;
	readonly worker: (name: string) => Promise<WorkerState>;
	readonly startWorker: (plan: WorkerPlan) => Promise<void>;
	readonly restartWorker: (name: string) => Promise<void>;
	readonly signalWorker: (name: string, signal: WorkerSignal) => Promise<void>;
	readonly removeWorker: (name: string) => Promise<void>;
}

/** @returns the body of a successful answer @throws the failure that the other side reported */
export function readAnswer(status: number, body: unknown, request: string): unknown {
	if (status < 300 && body !== undefined) return body;
	throw (
		fromWireError(body) ??
		new KubejoinError('LAB_UNREACHABLE', { problem: `it answered ${request} with status ${status}` })
	);
}

/** @throws LAB_UNREACHABLE */
function parseControlFile(text: string, path: string): { readonly url: string; readonly key: string } {
	try {
		const { url, key } = JSON.parse(text) as Readonly<Record<string, unknown>>;
		if (typeof url === 'string' && typeof key === 'string') return { url, key };
	} catch {
		// Reported below.
	}
	throw new KubejoinError('LAB_UNREACHABLE', { problem: `${path} does not say where it is` });
}

/**
 * Every function throws the failure that the server reported, or LAB_UNREACHABLE when it does not listen.
 *
 * @throws LAB_UNREACHABLE  no mesh has written the control file
 */
export async function openControl(directory: string): Promise<ControlClient> {
	const text = await readFileIfThere(join(directory, CONTROL_FILE));
	if (text === undefined)
		throw new KubejoinError('LAB_UNREACHABLE', { problem: `${join(directory, CONTROL_FILE)} is not there` });
	const { url, key } = parseControlFile(text, join(directory, CONTROL_FILE));
	async function ask<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body: object = {}): Promise<T> {
		const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
		const request = { method, headers, ...(method === 'POST' ? { body: JSON.stringify(body) } : {}) };
		const response = await fetch(`${url}${path}`, request).catch((error: unknown) => {
			throw new KubejoinError(
				'LAB_UNREACHABLE',
				{ problem: `the mesh that wrote ${join(directory, CONTROL_FILE)} does not run any more` },
				{ cause: error },
			);
		});
		return readAnswer(response.status, await response.json().catch(() => undefined), `${method} ${path}`) as T;
	}
	const at = (name: string) => encodeURIComponent(name);
	return {
		mesh: () => ask('GET', '/mesh'),
		services: () => ask('GET', '/services'),
		service: (name, action) => ask('POST', `/services/${at(name)}/${action}`),
		change: (name, change) => ask('POST', `/services/${at(name)}/change`, change),
		restore: () => ask('POST', '/restore'),
		workers: () => ask('GET', '/workers'),
		worker: (name) => ask('GET', `/workers/${at(name)}`),
		startWorker: (plan) => ask('POST', '/workers', plan),
		restartWorker: (name) => ask('POST', `/workers/${at(name)}/restart`),
		signalWorker: (name, signal) => ask('POST', `/workers/${at(name)}/signal`, { signal }),
		removeWorker: (name) => ask('DELETE', `/workers/${at(name)}`),
	};
}
