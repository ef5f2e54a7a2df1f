import assert from 'node:assert/strict';
import { addressOf, readRoute } from './route.ts';

const read = (address: string) => {
	const { search, hash } = new URL(address, 'http://127.0.0.1:8080/');
	return readRoute(search, hash);
};

describe('the address of the page', () => {
	it('is the map without a view, and of a view that does not exist, which the map reports', () => {
		for (const address of ['', '#', '#/', '#/map'])
			assert.deepEqual(read(address), { view: 'map', path: [], show: [] }, address);
		for (const name of ['learn', 'constructor'])
			assert.deepEqual(read(`#/${name}`), { view: 'map', path: [name], show: [] });
	});

	it('names a view and an object in it', () => {
		assert.deepEqual(read('#/map/apiserver-sim~token-store').path, ['apiserver-sim~token-store']);
		assert.deepEqual(read('#/joins/0af7/b7ad').path, ['0af7', 'b7ad']);
		assert.deepEqual(read('#/cluster/csrs').path, ['csrs']);
		assert.deepEqual(read('#/map/a%2Fb/%').path, ['a/b', '%']);
	});

	it('redirects addresses of earlier versions', () => {
		assert.equal(addressOf(read('#/compare/0af7/b7ad')), '#/joins/0af7~b7ad');
		assert.equal(addressOf(read('#/joins/0af7')), '#/joins/0af7');
	});

	it('has the settings of the query, before the # or behind it', () => {
		const settings = { lang: 'zh', theme: 'dark', t: 106, show: ['storage', 'telemetry'] };
		for (const address of [
			'?lang=zh&theme=dark&t=106&show=storage,telemetry#/joins/0af7',
			'#/joins/0af7?lang=zh&theme=dark&t=106&show=telemetry,storage',
		])
			assert.deepEqual(read(address), { view: 'joins', path: ['0af7'], ...settings });
		assert.equal(
			addressOf(read('#/joins/0af7?lang=zh&theme=dark&t=106&show=telemetry')),
			'?lang=zh&theme=dark&t=106&show=telemetry#/joins/0af7',
		);
	});

	it('ignores settings that do not exist', () => {
		assert.deepEqual(read('?lang=fr&theme=blue&t=-1&t=x&show=all,storage&x=1#/storm'), {
			view: 'storm',
			path: [],
			show: ['storage'],
		});
	});

	it('is read back as it was written', () => {
		for (const address of [
			'#/map/x',
			'?t=5#/joins/a~b',
			'?t=10.301#/map',
			'?lang=en&show=storage#/cluster/nodes',
			'#/joins/a%2Fb',
		])
			assert.equal(addressOf(read(address)), address);
		// Of a step that began at 10.3004 ms, which an earlier time would leave out.
		assert.equal(addressOf({ ...read('#/map'), t: 10.3004 }), '?t=10.301#/map');
	});
});
