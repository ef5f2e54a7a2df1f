/** Lists and watches of random histories of writes, beside a naive model. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hasCode } from '../../../lib/errors.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { ConfigMap, KubeObject } from '../../../lib/kube/types.ts';
import { registryOn, request, storeOfEachTest } from '../fixtures.test.ts';
import { createStorage } from '../registry.ts';
import type { ApiRequest, Verb } from '../request/api-request.ts';

const { configMaps } = resources;

type Step =
	| { readonly do: 'put'; readonly namespace: string; readonly name: string; readonly of: string }
	| { readonly do: 'delete'; readonly namespace: string; readonly name: string };
const place = { namespace: fc.constantFrom('n', 'm'), name: fc.constantFrom('a', 'b', 'c', 'a.b') };
const steps: fc.Arbitrary<Step[]> = fc.array(
	fc.oneof(
		{
			weight: 3,
			arbitrary: fc.record({ do: fc.constant('put' as const), ...place, of: fc.constantFrom('x', 'y', 'z') }),
		},
		{ weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), ...place }) },
	),
	{ maxLength: 18 },
);
/** A selection, and the same as a function of namespace, name and label. */
interface Selected {
	readonly asks: Partial<ApiRequest>;
	readonly takes: (namespace: string, name: string, of: string) => boolean;
}
const selections: Selected[] = [
	{ asks: {}, takes: () => true },
	{ asks: { namespace: 'n' }, takes: (namespace) => namespace === 'n' },
	{ asks: { labelSelector: 'of in (x,y)' }, takes: (_namespace, _name, of) => of !== 'z' },
	{
		asks: { namespace: 'm', labelSelector: 'of!=x' },
		takes: (namespace, _name, of) => namespace === 'm' && of !== 'x',
	},
	{
		asks: { namespace: 'n', fieldSelector: [{ field: 'metadata.name', operator: '=', value: 'a' }] },
		takes: (namespace, name) => namespace === 'n' && name === 'a',
	},
	{
		asks: { fieldSelector: [{ field: 'metadata.name', operator: '!=', value: 'a' }], labelSelector: 'of' },
		takes: (_namespace, name) => name !== 'a',
	},
];

interface State {
	readonly revision: number;
	/** Label by `namespace/name`. */
	readonly labels: ReadonlyMap<string, string>;
}
const selectedOf = ({ labels }: State, { takes }: Selected): string[] =>
	[...labels]
		.filter(([key, of]) => takes(...(key.split('/') as [string, string]), of))
		.map(([key, of]) => `${key}=${of}`)
		.sort();
const shown = ({ metadata }: KubeObject) => `${metadata.namespace}/${metadata.name}=${metadata.labels?.of}`;

describe('random histories of writes', () => {
	const store = storeOfEachTest();
	const storage = () => createStorage<ConfigMap>({ resource: configMaps, subresources: [] }, registryOn(store()));
	const asked = (verb: Verb, more: Partial<ApiRequest> = {}) => request(verb, configMaps, more);

	async function write(step: Step): Promise<void> {
		const { namespace, name } = step;
		if (step.do === 'delete') {
			await storage()
				.delete(asked('delete', { namespace, name }))
				.catch((error: unknown) => assert.ok(hasCode(error, 'API_NOT_FOUND')));
			return;
		}
		const metadata = { name, namespace, labels: { of: step.of } };
		const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata };
		const update = asked('update', { namespace, name, object });
		await storage()
			.update(update)
			.catch(async (error: unknown) => {
				assert.ok(hasCode(error, 'API_NOT_FOUND'));
				await storage().create(asked('create', { namespace, object }));
			});
	}

	/** Writes all steps; the state after each change. */
	async function run(history: readonly Step[]): Promise<State[]> {
		for (const { key } of (await store().list('configmaps/')).items) await store().delete(key);
		const states: State[] = [{ revision: await store().revision(), labels: new Map() }];
		for (const step of history) {
			await write(step);
			const revision = await store().revision();
			const before = states.at(-1);
			if (before === undefined || revision === before.revision) continue;
			const labels = new Map(before.labels);
			if (step.do === 'delete') labels.delete(`${step.namespace}/${step.name}`);
			else labels.set(`${step.namespace}/${step.name}`, step.of);
			states.push({ revision, labels });
		}
		return states;
	}

	/** Applies the events of a watch to a state until it has seen the last revision. */
	async function watched(from: State, last: State, selected: Selected): Promise<string[]> {
		const known = new Map(selectedOf(from, selected).map((text) => [text.split('=')[0], text]));
		const stop = new AbortController();
		const resourceVersion = String(from.revision);
		const watch = await storage().watch(asked('watch', { ...selected.asks, resourceVersion, lifetime: stop }));
		let seen = from.revision;
		const reading = (async () => {
			for await (const { type, object } of watch) {
				const revision = Number(object.metadata.resourceVersion);
				assert.ok(revision > seen, 'an event came twice or out of order');
				seen = revision;
				if (revision > last.revision) continue;
				const key = `${object.metadata.namespace}/${object.metadata.name}`;
				assert.equal(known.has(key), type !== 'ADDED', `${type} ${key}`);
				if (type === 'DELETED') known.delete(key);
				else known.set(key, shown(object));
			}
		})();
		// Events that the history holds are in the queue when the watch begins.
		await new Promise<void>((resolve) => setImmediate(resolve));
		await new Promise<void>((resolve) => setImmediate(resolve));
		stop.abort();
		await reading;
		return [...known.values()].sort();
	}

	it('are listed, paged and watched as the model says, from every version on', async () => {
		await fc.assert(
			fc.asyncProperty(steps, fc.constantFrom(...selections), async (history, selected) => {
				const states = await run(history);
				const last = states.at(-1) ?? assert.fail();
				const { items, resourceVersion } = await storage().list(asked('list', selected.asks));
				assert.deepEqual(items.map(shown).sort(), selectedOf(last, selected));
				assert.equal(Number(resourceVersion), last.revision);
				for (const state of states) {
					if (state.revision === 0) continue;
					const version = { resourceVersion: String(state.revision), resourceVersionMatch: 'Exact' };
					const old = await storage().list(asked('list', { ...selected.asks, ...version }));
					assert.deepEqual(old.items.map(shown).sort(), selectedOf(state, selected));
					assert.deepEqual(await watched(state, last, selected), selectedOf(last, selected));
				}
				const paged: string[] = [];
				let continueToken = '';
				do {
					const page = await storage().list(asked('list', { ...selected.asks, limit: 2, continueToken }));
					assert.ok(page.items.length <= 2);
					paged.push(...page.items.map(shown));
					continueToken = page.continueToken ?? '';
				} while (continueToken !== '');
				assert.deepEqual(paged.sort(), selectedOf(last, selected));
			}),
			{ numRuns: 60 },
		);
	});
});
