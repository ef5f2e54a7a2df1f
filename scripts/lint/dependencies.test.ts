import assert from 'node:assert/strict';
import { dependencyProblems, importsOf } from './dependencies.ts';

const problems = (path: string, source: string) => dependencyProblems(importsOf(path, source));

describe('the check of dependencies', () => {
	it('reads imports, type imports, re-exports and dynamic imports, but not comments and other strings', () => {
		const source = [
			"import { a } from './a.ts';",
			"import type { B } from '../b.ts';",
			"import './c.ts';",
			"export * from './d.ts';",
			"const e = await import('./e.ts');",
			"// import { f } from './f.ts';",
			"const text = './g.ts';",
			"import fs from 'node:fs';",
		].join('\n');
		assert.deepEqual(
			importsOf('lib/x/y.ts', source).map(({ to }) => to),
			['lib/x/a.ts', 'lib/b.ts', 'lib/x/c.ts', 'lib/x/d.ts', 'lib/x/e.ts'],
		);
	});

	it('refuses an import up the layers of lib, also of a type', () => {
		for (const [path, target] of [
			['lib/pki/csr.ts', '../kube/types.ts'],
			['lib/rpc/channel.ts', '../kube/kubeconfig.ts'],
			['lib/kube/client.ts', '../store/store.ts'],
			['lib/errors/error.ts', '../rpc/channel.ts'],
			['lib/log.ts', '../services/observer/main.ts'],
			['services/ca-service/sign.ts', '../token-store/verify.ts'],
			['services/ca-service/main.ts', '../../scripts/up.ts'],
			['infra/pki/main.ts', '../../scripts/up.ts'],
		] as const)
			assert.equal(problems(path, `import type { A } from '${target}';`).length, 1, `${path} ${target}`);
	});

	it('allows an import down the layers', () => {
		for (const [path, target] of [
			['lib/kube/client.ts', '../rpc/channel.ts'],
			['lib/kube/client.ts', '../pki/pem.ts'],
			['lib/store/redis.ts', '../errors.ts'],
			['services/ca-service/sign.ts', '../../lib/pki/csr.ts'],
			['chaos/lab/main.ts', '../../scripts/mesh/services.ts'],
		] as const)
			assert.deepEqual(problems(path, `import { a } from '${target}';`), [], `${path} ${target}`);
	});

	it('refuses two folders that import each other, unless one contains the other', () => {
		const mutual = (a: string, b: string) =>
			dependencyProblems([
				{ from: `${a}/one.ts`, to: `${b}/two.ts` },
				{ from: `${b}/three.ts`, to: `${a}/four.ts` },
			]);
		assert.equal(mutual('services/x/a', 'services/x/b').length, 1);
		assert.deepEqual(mutual('services/x', 'services/x/b'), []);
	});
});
