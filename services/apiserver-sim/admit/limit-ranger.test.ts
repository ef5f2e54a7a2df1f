/** Upstream's texts, @source plugin/pkg/admission/limitranger/admission.go */
import assert from 'node:assert/strict';
import { resources } from '../../../lib/kube/resources.ts';
import { refusalOf } from '../fixtures.test.ts';
import { admitPod, objectOf, podOf, readerOf } from './fixtures.test.ts';
import { limitRanger } from './limit-ranger.ts';

const rangeOf = (...limits: object[]) => objectOf(resources.limitRanges, 'limits', { spec: { limits } });
const container = (own: object = {}, name = 'c') => ({ name, resources: own });

describe('LimitRanger', () => {
	const defaults = rangeOf({
		type: 'Container',
		default: { memory: '512Mi', cpu: '500m' },
		defaultRequest: { memory: '256Mi' },
	});

	it('completes the requests and limits of containers, and notes them in an annotation', async () => {
		const plugin = limitRanger(readerOf(defaults));
		const spec = { containers: [container({ limits: { cpu: '1' } })], initContainers: [container({}, 'i')] };
		const { metadata, spec: admitted } = await admitPod(plugin, podOf(spec));
		const all = { limits: { cpu: '500m', memory: '512Mi' }, requests: { memory: '256Mi' } };
		assert.deepEqual(admitted, {
			containers: [container({ ...all, limits: { ...all.limits, cpu: '1' } })],
			initContainers: [container(all, 'i')],
		});
		assert.equal(
			metadata.annotations?.['kubernetes.io/limit-ranger'],
			'LimitRanger plugin set: memory request for container c; memory limit for container c; ' +
				'memory request for init container i; cpu, memory limit for init container i',
		);
	});

	it('leaves pods alone that state everything, updates, and pods that are deleted', async () => {
		const plugin = limitRanger(readerOf(defaults));
		const complete = podOf({
			containers: [container({ limits: { cpu: '1', memory: '1' }, requests: { memory: '1' } })],
		});
		assert.deepEqual(await admitPod(plugin, complete), complete);
		const bare = podOf({ containers: [container()] });
		assert.deepEqual(await admitPod(plugin, bare, { operation: 'UPDATE', previous: bare }), bare);
		const deleted = podOf({}, { deletionTimestamp: '2026-01-31T12:00:00Z' });
		const resize = { operation: 'UPDATE', subresource: 'resize' } as const;
		assert.deepEqual(await admitPod(plugin, bare, { ...resize, previous: deleted }), bare);
		assert.notDeepEqual(await admitPod(plugin, bare, { ...resize, previous: bare }), bare);
	});

	const refused: [string, object, object, string][] = [
		['no request', { min: { cpu: '100m' } }, {}, 'minimum cpu usage per TYPE is 100m.  No request is specified'],
		[
			'a small request',
			{ min: { cpu: '100m' } },
			{ requests: { cpu: '50m' } },
			'minimum cpu usage per TYPE is 100m, but request is 50m',
		],
		[
			'a small limit',
			{ min: { cpu: '100m' } },
			{ requests: { cpu: '100m' }, limits: { cpu: '99m' } },
			'minimum cpu usage per TYPE is 100m, but limit is 99m',
		],
		['no limit', { max: { memory: '1Gi' } }, {}, 'maximum memory usage per TYPE is 1Gi.  No limit is specified'],
		[
			'a large limit',
			{ max: { memory: '1Gi' } },
			{ limits: { memory: '2Gi' } },
			'maximum memory usage per TYPE is 1Gi, but limit is 2Gi',
		],
		[
			'a large request',
			{ max: { memory: '1Gi' } },
			{ limits: { memory: '1Gi' }, requests: { memory: '1025Mi' } },
			'maximum memory usage per TYPE is 1Gi, but request is 1025Mi',
		],
		[
			'no request for a ratio',
			{ maxLimitRequestRatio: { cpu: '2' } },
			{ limits: { cpu: '1' } },
			'cpu max limit to request ratio per TYPE is 2, but no request is specified or request is 0',
		],
		[
			'no limit for a ratio',
			{ maxLimitRequestRatio: { cpu: '2' } },
			{ requests: { cpu: '1' } },
			'cpu max limit to request ratio per TYPE is 2, but no limit is specified or limit is 0',
		],
		[
			'a large ratio',
			{ maxLimitRequestRatio: { cpu: '1500m' } },
			{ requests: { cpu: '3' }, limits: { cpu: '5' } },
			'cpu max limit to request ratio per TYPE is 1500m, but provided ratio is 1.666667',
		],
		[
			'a size above a ninth of an int64',
			{ max: { memory: '5Ei' } },
			{ limits: { memory: '6Ei' } },
			'maximum memory usage per TYPE is 5Ei, but limit is 6Ei',
		],
		[
			'several amounts',
			{ min: { cpu: '1', memory: '1' } },
			{ requests: { cpu: '1m' } },
			'[minimum cpu usage per TYPE is 1, but request is 1m, minimum memory usage per TYPE is 1.  No request is specified]',
		],
	];
	for (const type of ['Container', 'Pod'])
		for (const [title, item, own, text] of refused)
			it(`403: ${title} of a ${type}`, async () => {
				const plugin = limitRanger(readerOf(rangeOf({ type, ...item })));
				const refusal = await refusalOf(admitPod(plugin, podOf({ containers: [container(own)] })));
				assert.equal(refusal, `403 Forbidden: pods "p" is forbidden: ${text.replaceAll('TYPE', type)}`);
			});

	it('adds up the containers of a pod: sidecars run beside the others, init containers before them', async () => {
		const plugin = limitRanger(readerOf(rangeOf({ type: 'Pod', max: { cpu: '3' } })));
		const cpu = (amount: string, more: object = {}) => ({ ...container({ limits: { cpu: amount } }), ...more });
		const admits = async (...init: object[]) =>
			admitPod(plugin, podOf({ containers: [cpu('1'), cpu('1')], initContainers: init }));
		await admits(cpu('3'));
		await admits(cpu('1', { restartPolicy: 'Always' }), cpu('2'));
		assert.match(await refusalOf(admits(cpu('3100m'))), /but limit is 3100m$/);
		assert.match(await refusalOf(admits(cpu('1', { restartPolicy: 'Always' }), cpu('2100m'))), /but limit is 3100m$/);
		assert.match(await refusalOf(admits(cpu('1500m', { restartPolicy: 'Always' }))), /but limit is 3500m$/);
	});

	it('admits amounts at the boundaries', async () => {
		const range = rangeOf({
			...{ type: 'Container', min: { cpu: '100m' }, max: { cpu: '1' }, maxLimitRequestRatio: { cpu: '10' } },
		});
		const own = { requests: { cpu: '0.1' }, limits: { cpu: '1000m' } };
		await admitPod(limitRanger(readerOf(range)), podOf({ containers: [container(own)] }));
	});
});
