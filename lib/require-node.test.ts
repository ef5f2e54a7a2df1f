import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { nodeProblem } from './require-node.ts';

const root = new URL('..', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

describe('the version of Node', () => {
	it('must be the one of package.json or later', () => {
		for (const version of ['v20.19.0', 'v20.20.2', 'v22.0.0', 'v24.21.0'])
			assert.equal(nodeProblem(version, '>=20.19'), undefined);
		for (const version of ['v18.20.8', 'v20.10.0', 'v20.18.3', 'v4.0.0'])
			assert.equal(nodeProblem(version, '>=20.19'), `kubejoin needs Node 20.19 or later; this is ${version}`);
	});

	it('is checked by every program before it imports anything else', () => {
		const { programs: linked, scripts } = JSON.parse(read('package.json')) as Record<
			'programs' | 'scripts',
			Record<string, string>
		>;
		const programs = [
			...Object.values(linked),
			...Object.values(scripts).flatMap((script) => script.match(/dist\/\S+\.js/g) ?? []),
		];
		const services = ['apiserver-sim', 'ca-service', 'controller-manager-sim', 'token-store', 'observer'].map(
			(service) => `dist/bundle/services/${service}/main.js`,
		);
		for (const program of new Set([...programs, ...services])) {
			const source = program.replace(/^dist\/(bundle\/)?/, '').replace(/\.js$/, '.ts');
			const [first] = /^import .*$/m.exec(read(source)) ?? [];
			assert.match(first ?? '', /^import '(\.\.\/)+lib\/require-node\.ts';$/, source);
		}
		assert.doesNotMatch(read('lib/require-node.ts').replace(/'node:(fs|path|url)'/g, ''), /from '/);
	});
});
