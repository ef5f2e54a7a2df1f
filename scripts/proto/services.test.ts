import assert from 'node:assert/strict';
import { methodsOf } from '../../lib/codec/schema.ts';
import { resources } from '../../lib/kube/resources.ts';
import { contractsTable } from './contracts-table.ts';
import { servicesProto } from './services.ts';

describe('servicesProto', () => {
	it('has a service for every row, with a method for each verb', () => {
		for (const { service, verbs } of Object.values(resources)) {
			const methods = methodsOf(service).map((line) => line.split(' ')[0]?.toLowerCase() ?? '');
			assert.deepEqual(
				verbs.filter((verb) => !methods.includes(verb)),
				[],
				service,
			);
		}
	});

	it('offers subresources with the messages of their kinds, and neither logs nor proxies', () => {
		const table = contractsTable([servicesProto([resources.pods, resources.nodes])]);
		assert.ok(table.includes('\tCreateEviction policy/v1.Eviction meta/v1.Status\n'));
		assert.ok(table.includes('\tUpdateStatus core/v1.Node core/v1.Node\n'));
		assert.doesNotMatch(table, /GetLog|Proxy/);
	});

	it('renews Leases, and no other kind, on a stream of both sides', () => {
		const table = contractsTable([servicesProto([resources.leases, resources.nodes])]);
		const renewals = table.split('\n').filter((line) => line.includes('Renew'));
		assert.deepEqual(renewals, ['\tRenew stream coordination/v1.Lease stream coordination/v1.Lease']);
	});

	it('imports the files of the messages that it names', () => {
		const proto = servicesProto([resources.leases]);
		assert.deepEqual(
			[...proto.matchAll(/^import "(.*)";$/gm)].map(([, path]) => path),
			['k8s.io/api/coordination/v1/generated.proto', 'k8s.io/apimachinery/pkg/apis/meta/v1/generated.proto'],
		);
	});
});
