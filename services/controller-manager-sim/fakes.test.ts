/** Fakes of the services that the controllers call, and certificate requests. */
import { KubejoinError } from '../../lib/errors.ts';
import type {
	CertificateSigningRequest,
	CertificateSigningRequestCondition,
	KubeObject,
} from '../../lib/kube/types.ts';
import type { Log } from '../../lib/log.ts';
import { createLog } from '../../lib/log.ts';
import { createCsr } from '../../lib/pki/csr.ts';
import { generateKeyPair } from '../../lib/pki/keys.ts';
import { createDecisionRecorder } from './csr-events.ts';

export const now = Date.parse('2026-01-31T12:00:00Z');
export const clock = () => now;

/** A log and the messages that were written to it. */
export function fakeLog(): { log: Log; messages: string[] } {
	const messages: string[] = [];
	const write = (line: string) => messages.push((JSON.parse(line) as { msg: string }).msg);
	return { log: createLog({ service: 'test', level: 'info', format: 'json', write }), messages };
}

/** @param events  the list that gets them */
export function fakeDecisionRecorder(events: string[] = []) {
	const recordDecision = createDecisionRecorder(({ name, uid }, type, reason, message) => {
		events.push(`${type} ${name} ${uid} ${reason}: ${message}`);
	});
	return { recordDecision, events };
}

export const conflict = () => new KubejoinError('API_CONFLICT', { resource: 'x', group: '', name: 'x' });
export const notFound = () => new KubejoinError('API_NOT_FOUND', { resource: 'x', group: '', name: 'x' });

/** The part of the API that keeps one object: writes need the present version. */
export function fakeRegistry<T extends KubeObject>(first: T) {
	let version = 1;
	let object: T | undefined = { ...first, metadata: { ...first.metadata, resourceVersion: '1' } };
	const writes: T[] = [];
	const write = async (changed: Omit<T, 'apiVersion' | 'kind'>): Promise<T> => {
		if (object === undefined) throw notFound();
		if (changed.metadata.resourceVersion !== object.metadata.resourceVersion) throw conflict();
		version++;
		object = { ...object, ...changed, metadata: { ...changed.metadata, resourceVersion: String(version) } };
		writes.push(object);
		return object;
	};
	return {
		writes,
		present: () => object,
		remove: () => {
			object = undefined;
		},
		get: async () => {
			if (object === undefined) throw notFound();
			return object;
		},
		update: write,
		updateStatus: write,
		updateApproval: write,
		list: async () => ({
			apiVersion: '',
			kind: '',
			metadata: { resourceVersion: '1' },
			items: object === undefined ? [] : [object],
		}),
	};
}

export const nodeUser = 'system:node:worker-1';
export const clientKubelet = 'kubernetes.io/kube-apiserver-client-kubelet';
const keys = await generateKeyPair('ECDSA-P256');
export const requestOfNode = (name: string) =>
	createCsr({ subject: { organizations: ['system:nodes'], commonName: `system:node:${name}` } }, keys);
export const nodeRequest = requestOfNode('worker-1');
export const personRequest = createCsr({ subject: { organizations: ['people'], commonName: 'jane' } }, keys);
export const base64 = (text: string) => Buffer.from(text).toString('base64');

type Changes = Partial<CertificateSigningRequest['spec']> & {
	conditions?: CertificateSigningRequestCondition[];
	certificate?: string;
};

/** A node's request for a client certificate, made with a bootstrap token. */
export function csr({ conditions, certificate, ...spec }: Changes = {}): CertificateSigningRequest {
	return {
		apiVersion: 'certificates.k8s.io/v1',
		kind: 'CertificateSigningRequest',
		metadata: { name: 'csr-1', uid: 'uid-1', resourceVersion: '1', creationTimestamp: '2026-01-31T12:00:00Z' },
		spec: {
			request: base64(nodeRequest),
			signerName: clientKubelet,
			usages: ['digital signature', 'client auth'],
			username: 'system:bootstrap:abcdef',
			groups: ['system:bootstrappers', 'system:authenticated'],
			...spec,
		},
		status: {
			...(conditions === undefined ? {} : { conditions }),
			...(certificate === undefined ? {} : { certificate }),
		},
	};
}
export const condition = (type: string, lastUpdateTime?: string): CertificateSigningRequestCondition => ({
	type,
	status: 'True',
	...(lastUpdateTime === undefined ? {} : { lastUpdateTime }),
});
