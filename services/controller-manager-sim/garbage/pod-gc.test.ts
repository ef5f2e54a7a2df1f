import assert from 'node:assert/strict';
import { KubejoinError } from '../../../lib/errors.ts';
import type { Pod } from '../../../lib/kube/pod.ts';
import { clock, fakeLog, notFound } from '../fakes.test.ts';
import { deletePodsOfNode, type PodGcOptions, podMetadata, startPodGc } from './pod-gc.ts';

const pod = (name: string, more: Pick<Pod, 'spec' | 'status'> = {}, deletionTimestamp?: string): Pod => ({
	apiVersion: 'v1',
	kind: 'Pod',
	metadata: {
		...{ name, namespace: 'ns', uid: `uid-${name}`, resourceVersion: '1' },
		...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
	},
	...more,
});

/** @param existing  names of the nodes that the API server has; no cache has them */
function cluster(pods: readonly Pod[], existing: readonly string[] = []) {
	const requests: string[] = [];
	let onDelete = (): void => undefined;
	const deleted = new Promise<void>((resolve) => {
		onDelete = resolve;
	});
	const options: PodGcOptions = {
		api: {
			pods: {
				async patch(name, document) {
					requests.push(`patch ${name} ${JSON.stringify((document as Pod).status)}`);
					return pod(name);
				},
				async delete(name, { gracePeriodSeconds, preconditions } = {}) {
					requests.push(`delete ${name} ${gracePeriodSeconds} ${preconditions?.uid}`);
					onDelete();
					if (name === 'gone') throw notFound();
				},
			},
			nodes: {
				async get(name) {
					if (name === 'unreadable') throw new KubejoinError('CONNECTION_REFUSED', { target: 't', problem: 'p' });
					if (!existing.includes(name)) throw notFound();
					return { apiVersion: 'v1', kind: 'Node', metadata: { name } };
				},
			},
		},
		pods: { get: (key) => pods.find(({ metadata }) => key === `ns/${metadata.name}`), list: () => pods },
		nodes: { get: () => undefined },
		clock,
		log: fakeLog().log,
	};
	return { options, requests, deleted };
}
const on = (nodeName: string, phase = 'Running') => ({ spec: { nodeName }, status: { phase } });

describe('the collector of pods', () => {
	it('fails and deletes the pods of a node that no longer exists', async () => {
		const pods = [pod('a', on('lost')), pod('done', on('lost', 'Succeeded')), pod('other', on('kept')), pod('free')];
		const { options, requests } = cluster(pods);
		await deletePodsOfNode(options, 'lost');
		const condition = {
			...{ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByPodGC' },
			...{ message: 'PodGC: node no longer exists', lastTransitionTime: '2026-01-31T12:00:00Z' },
		};
		assert.deepEqual(requests, [
			`patch a ${JSON.stringify({ phase: 'Failed', conditions: [condition] })}`,
			'delete a 0 uid-a',
			'delete done 0 uid-done',
		]);
	});

	it('keeps the pods of a node that the API server has, or cannot be asked about', async () => {
		const { options, requests } = cluster([pod('a', on('kept')), pod('b', on('unreadable'))], ['kept']);
		await deletePodsOfNode(options, 'kept');
		await assert.rejects(deletePodsOfNode(options, 'unreadable'), { code: 'CONNECTION_REFUSED' });
		assert.deepEqual(requests, []);
	});

	it('ignores a pod that is gone meanwhile', async () => {
		const { options, requests } = cluster([pod('gone', on('lost', 'Failed')), pod('next', on('lost', 'Failed'))]);
		await deletePodsOfNode(options, 'lost');
		assert.equal(requests.length, 2);
	});

	it('completes the deletion of a pod without a node, and leaves others to their kubelet', async () => {
		const { options, requests, deleted } = cluster([
			pod('bound', on('kept'), 'now'),
			pod('kept'),
			pod('free', {}, 'now'),
		]);
		const collector = startPodGc(options);
		for (const name of ['bound', 'kept', 'free']) collector.podChanged(`ns/${name}`);
		await deleted;
		await collector.close();
		assert.deepEqual(requests, ['patch free {"phase":"Failed"}', 'delete free 0 uid-free']);
	});

	it('keeps the few fields of a pod that it reads', () => {
		const { spec, status, metadata } = podMetadata({
			...pod('a', { spec: { nodeName: 'n', serviceAccountName: 's' }, status: { phase: 'Running' } }),
			metadata: { name: 'a', uid: 'u', labels: { a: 'b' } },
		});
		assert.deepEqual({ spec, status, metadata }, { ...on('n'), metadata: { name: 'a', uid: 'u' } });
	});
});
