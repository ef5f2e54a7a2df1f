import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resources } from '../../../lib/kube/resources.ts';
import { Discovery } from './discovery.ts';

const recorded = JSON.parse(readFileSync(new URL('./upstream-discovery.json', import.meta.url), 'utf8'));
const json = (object: object | undefined): string => JSON.stringify(object);

/** The recorded documents without the subresources that no row has, for example `pods/exec`. */
function reduced() {
	const subresources = new Map<string, readonly string[]>(
		Object.values(resources).map((row) => [`${row.group}/${row.resource}`, row.subresources.map(({ name }) => name)]),
	);
	const isServed = (group: string, resource: string, name: string) =>
		subresources.get(`${group}/${resource}`)?.includes(name);
	const { api, apis, v1 } = structuredClone(recorded);
	for (const group of [...api.items, ...apis.items])
		for (const { resources: rows } of group.versions)
			for (const row of rows)
				row.subresources = row.subresources?.filter(({ subresource }: { subresource: string }) =>
					isServed(group.metadata.name ?? '', row.resource, subresource),
				);
	v1.resources = v1.resources.filter(({ name }: { name: string }) => {
		const [resource = '', subresource] = name.split('/');
		return subresource === undefined || isServed('', resource, subresource);
	});
	return { api, apis, v1 };
}

describe('discovery', () => {
	const discovery = new Discovery(Object.values(resources), '10.0.0.1:6443');
	const objectAt = (path: string) => discovery.documentAt(path, false)?.object;

	it('equals the recorded documents of upstream, byte for byte, without the resources that have no row', () => {
		const { api, apis, v1 } = reduced();
		assert.equal(json(discovery.documentAt('/api', true)?.object), json(api));
		assert.equal(json(discovery.documentAt('/apis', true)?.object), json(apis));
		assert.equal(json(objectAt('/api/v1')), json(v1));
	});

	it('names each aggregated document by the hash of its text', () => {
		const { object, etag, contentType } = discovery.documentAt('/api', true) ?? {};
		assert.equal(etag, `"${createHash('sha512').update(json(object)).digest('hex').toUpperCase()}"`);
		assert.equal(contentType, 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
		assert.notEqual(etag, discovery.documentAt('/apis', true)?.etag);
	});

	it('lists versions and groups for clients of the older form', () => {
		assert.equal(
			json(objectAt('/api')),
			'{"kind":"APIVersions","versions":["v1"],"serverAddressByClientCIDRs":' +
				'[{"clientCIDR":"0.0.0.0/0","serverAddress":"10.0.0.1:6443"}]}',
		);
		assert.equal(
			json(objectAt('/apis/certificates.k8s.io')),
			'{"kind":"APIGroup","apiVersion":"v1","name":"certificates.k8s.io","versions":' +
				'[{"groupVersion":"certificates.k8s.io/v1","version":"v1"}],"preferredVersion":' +
				'{"groupVersion":"certificates.k8s.io/v1","version":"v1"}}',
		);
		const { groups } = objectAt('/apis') as { groups: { name: string }[] };
		assert.deepEqual(
			groups.map(({ name }) => name),
			[...new Set(Object.values(resources).flatMap(({ group }) => (group === '' ? [] : [group])))],
		);
	});

	it('writes a group version with the hash of the stored version', () => {
		const { resources: rows } = objectAt('/apis/certificates.k8s.io/v1') as { resources: object[] };
		assert.equal(
			json(rows[0]),
			'{"name":"certificatesigningrequests","singularName":"certificatesigningrequest","namespaced":false,' +
				'"kind":"CertificateSigningRequest","verbs":["create","delete","deletecollection","get","list","patch",' +
				'"update","watch"],"shortNames":["csr"],"storageVersionHash":"95fRKMXA+00="}',
		);
	});

	it('accepts a slash at the end, and knows no other path', () => {
		assert.equal(json(objectAt('/api/')), json(objectAt('/api')));
		assert.equal(json(objectAt('/apis/')), json(objectAt('/apis')));
		for (const path of ['/', '/api/v2', '/api/v1/nodes', '/apis/x', '/apis/node.k8s.io/v2', '/apis//v1', '/version'])
			assert.equal(discovery.documentAt(path, false), undefined, path);
	});
});
