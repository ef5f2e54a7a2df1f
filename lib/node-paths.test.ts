import assert from 'node:assert/strict';
import { isAbsolute, resolve } from 'node:path';
import { nodePaths } from './node-paths.ts';

describe('the files of a node', () => {
	it('have absolute paths below a relative directory, because kubelet.conf contains them', () => {
		for (const directory of ['.kubejoin/nodes/a', './a', '../a', '/a', '/']) {
			const paths = nodePaths(directory);
			assert.equal(paths.root, resolve(directory));
			for (const [name, path] of Object.entries(paths)) assert.ok(isAbsolute(path), `${name}: ${path}`);
		}
	});
});
