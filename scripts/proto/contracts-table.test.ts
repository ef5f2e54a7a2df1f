import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { messageNamed } from '../../lib/codec/schema.ts';
import { projectPath } from '../../lib/paths.ts';
import { contractsTable } from './contracts-table.ts';

describe('contractsTable', () => {
	it('lists messages and services', () => {
		const source = `syntax = "proto3"; package kubejoin.v1;
			message Request { string first_name = 1; repeated k8s.io.api.core.v1.Taint taints = 2; int64 n = 3; }
			service S { rpc M(Request) returns (stream k8s.io.apimachinery.pkg.apis.meta.v1.Status); }`;
		assert.equal(
			contractsTable([source]),
			[
				'kubejoin/v1.Request',
				'\tfirstName 1 *string omitempty',
				'\ttaints 2 []core/v1.Taint omitempty',
				'\tn 3 *int64 omitempty',
				'service S',
				'\tM kubejoin/v1.Request stream meta/v1.Status',
				'',
			].join('\n'),
		);
	});

	it('agrees with the .proto files, which other clients compile, in names and numbers', () => {
		const root = new protobuf.Root();
		root.resolvePath = (_origin, target) => projectPath('proto', target);
		root.loadSync(['apiserver-sim', 'ca-service', 'token-store'].map((name) => `kubejoin/${name}.proto`));
		root.resolveAll();
		const table = readFileSync(projectPath('proto/kubernetes.txt'), 'utf8');
		const names = [...table.matchAll(/^((\w+)\/(v\w+)\.(\w+))$/gm)];
		let compared = 0;
		for (const [, name = '', group = '', version = '', type = ''] of names) {
			const parent = group === 'meta' ? 'k8s.io.apimachinery.pkg.apis.meta' : `k8s.io.api.${group}`;
			const declared = root.lookup(`${parent}.${version}.${type}`);
			if (!(declared instanceof protobuf.Type)) continue;
			const { wireFields } = messageNamed(name);
			if (wireFields.length === 0) continue;
			compared++;
			assert.deepEqual(
				wireFields.map(({ number }) => number),
				declared.fieldsArray.map(({ id }) => id).toSorted((one, other) => one - other),
				name,
			);
		}
		assert.ok(compared > 200, `${compared} messages`);
	});
});
