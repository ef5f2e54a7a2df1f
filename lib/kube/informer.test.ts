import assert from 'node:assert/strict';
import { KubejoinError } from '../errors.ts';
import { createLog } from '../log.ts';
import type { ListSelection, WatchOptions } from './client.ts';
import { type Informer, type InformerOptions, startInformer } from './informer.ts';
import type { ConfigMap, WatchEvent } from './types.ts';

const object = (name: string, resourceVersion: string): ConfigMap => ({
	apiVersion: 'v1',
	kind: 'ConfigMap',
	metadata: { name, namespace: 'ns', resourceVersion },
});
const event = (type: WatchEvent<ConfigMap>['type'], name: string, resourceVersion: string) => ({
	type,
	object: object(name, resourceVersion),
});
const expired = new KubejoinError('API_EXPIRED', { requested: '1', oldest: '5' });
const lost = new KubejoinError('CONNECTION_REFUSED', { target: 't', problem: 'p' });

type Step = WatchEvent<ConfigMap> | Error | 'end';

/**
 * A server that answers the next list and replays the next watch. A watch without further steps stays open and notifies
 * the test.
 */
function fakeServer(lists: (readonly [string, ...ConfigMap[]] | Error)[], watches: Step[][]) {
	const asked: string[] = [];
	let tell = () => {};
	const played = new Promise<void>((resolve) => {
		tell = resolve;
	});
	return {
		asked,
		played,
		client: {
			async list({ keep = (one) => one }: ListSelection<ConfigMap> = {}) {
				const answer = lists.shift();
				asked.push('list');
				if (answer === undefined || answer instanceof Error) throw answer;
				const [resourceVersion, ...all] = answer;
				const items = all.flatMap((one) => keep(one) ?? []);
				return { apiVersion: 'v1', kind: 'ConfigMapList', metadata: { resourceVersion }, items };
			},
			async *watch({ resourceVersion, fieldSelector }: WatchOptions, signal: AbortSignal) {
				asked.push(`watch ${resourceVersion}${fieldSelector === undefined ? '' : ` ${fieldSelector}`}`);
				for (const step of watches.shift() ?? []) {
					if (step === 'end') return;
					if (step instanceof Error) throw step;
					yield step;
				}
				tell();
				await new Promise((resolve) => signal.addEventListener('abort', resolve));
			},
		},
	};
}

describe('an informer', () => {
	let changed: string[];
	let stop: AbortController;
	let informer: Informer<ConfigMap>;
	let warnings: string[];

	const start = (client: InformerOptions<ConfigMap>['client'], more: Partial<InformerOptions<ConfigMap>> = {}) => {
		const log = createLog({
			service: 'test',
			level: 'warn',
			format: 'json',
			write: (line) => warnings.push(JSON.parse(line).code),
		});
		const onChange = (key: string) => changed.push(key);
		informer = startInformer({
			client,
			onChange,
			resyncMs: 3_600_000,
			signal: stop.signal,
			log,
			name: 'configmaps',
			...more,
		});
	};
	beforeEach(() => {
		changed = [];
		warnings = [];
		stop = new AbortController();
	});
	afterEach(async () => {
		stop.abort();
		await informer.done;
	});
	const cached = () => informer.list().map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`);

	it('lists, then follows, and calls back for every change', async () => {
		const { client, asked, played } = fakeServer(
			[['5', object('a', '1'), object('b', '2')]],
			[[event('MODIFIED', 'a', '6'), event('ADDED', 'c', '7'), event('DELETED', 'b', '8')]],
		);
		start(client, { select: { namespace: 'ns', fieldSelector: 'metadata.name!=x' } });
		assert.equal(informer.isSynced(), false);
		await played;
		assert.equal(informer.isSynced(), true);
		assert.deepEqual(asked, ['list', 'watch 5 metadata.name!=x']);
		assert.deepEqual(changed, ['ns/a', 'ns/b', 'ns/a', 'ns/c', 'ns/b']);
		assert.deepEqual(cached(), ['a@6', 'c@7']);
		assert.equal(informer.get('ns/c')?.metadata.resourceVersion, '7');
		assert.equal(informer.get('ns/b'), undefined);
	});

	it('resumes a watch that ended or broke after the last version that it saw; a repetition is no change', async () => {
		const { client, asked, played } = fakeServer(
			[['5', object('a', '1')]],
			[[event('MODIFIED', 'a', '6'), lost], [event('MODIFIED', 'a', '6')]],
		);
		start(client);
		await played;
		assert.deepEqual(asked, ['list', 'watch 5', 'watch 6']);
		assert.deepEqual(changed, ['ns/a', 'ns/a']);
		assert.deepEqual(warnings, ['CONNECTION_REFUSED']);
	});

	it('API_EXPIRED: lists again and reports changed and deleted objects, not unchanged ones', async () => {
		const { client, asked, played } = fakeServer(
			[
				['5', object('stays', '1'), object('changes', '2'), object('goes', '3')],
				['9', object('stays', '1'), object('changes', '8'), object('comes', '9')],
			],
			[[expired]],
		);
		start(client);
		await played;
		assert.deepEqual(asked, ['list', 'watch 5', 'list', 'watch 9']);
		assert.deepEqual(changed.slice(3), ['ns/changes', 'ns/comes', 'ns/goes']);
		assert.deepEqual(cached(), ['stays@1', 'changes@8', 'comes@9']);
	});

	it('is not synced until a list came, however often it has to ask', async () => {
		const { client, asked, played } = fakeServer([lost, ['5', object('a', '1')]], []);
		start(client);
		await new Promise((resolve) => setImmediate(resolve));
		assert.deepEqual([informer.isSynced(), asked], [false, ['list']]);
		await played;
		assert.deepEqual([informer.isSynced(), asked], [true, ['list', 'list', 'watch 5']]);
	});

	it('keeps the wanted part of an object, and reports a change with the object before', async () => {
		const { client, played } = fakeServer([['5', object('a', '1')]], [[event('DELETED', 'a', '6')]]);
		const seen: [string, unknown][] = [];
		const keep = ({ metadata }: ConfigMap) => ({ ...object('', ''), metadata: { ...metadata, uid: 'kept' } });
		start(client, { keep, onChange: (key, previous) => seen.push([key, previous?.metadata.uid]) });
		await informer.synced;
		assert.equal(informer.isSynced(), true);
		await played;
		assert.deepEqual(seen, [
			['ns/a', undefined],
			['ns/a', 'kept'],
		]);
	});

	it('calls every key again after a while', async () => {
		const { client, played } = fakeServer([['5', object('a', '1'), object('b', '2')]], []);
		start(client, { resyncMs: 1 });
		await played;
		while (changed.length < 4) await new Promise((resolve) => setImmediate(resolve));
		assert.deepEqual(changed.slice(0, 4), ['ns/a', 'ns/b', 'ns/a', 'ns/b']);
	});

	it('ends when its signal aborts, also during a pause', async () => {
		const { client } = fakeServer([lost], []);
		start(client);
		stop.abort();
		await informer.done;
	});

	it('ignores an event that is older than the list', async () => {
		const server = fakeServer(
			[['3', object('a', '5')]],
			[[event('MODIFIED', 'a', '4'), event('DELETED', 'a', '4'), event('MODIFIED', 'a', '6')]],
		);
		start(server.client);
		await server.played;
		assert.deepEqual(changed, ['ns/a', 'ns/a']);
		assert.equal(informer.get('ns/a')?.metadata.resourceVersion, '6');
	});
});
