import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import type { Lease } from '../../lib/kube/types.ts';
import { createLog } from '../../lib/log.ts';
import { storeOfEachTest } from './fixtures.test.ts';
import { IdentityLease, identityOf, keepIdentityLease } from './identity-lease.ts';

const log = createLog({ service: 'test', level: 'error', format: 'json', write: () => undefined });
const hourMs = 3_600_000;

describe('the Lease of an API server', () => {
	const store = storeOfEachTest();
	let nowMs: number;
	const clock = () => nowMs;
	beforeEach(() => {
		nowMs = Date.UTC(2026, 0, 31);
	});
	const leaseOf = (hostName: string) => new IdentityLease({ store: store(), hostName, clock });
	const leases = async () => (await store().list<Lease>('leases.coordination.k8s.io/')).items;
	const names = async () => (await leases()).map(({ value }) => value.metadata.name);

	it('has the name that upstream derives from the name of the machine', () => {
		assert.equal(identityOf('kreal'), 'apiserver-zi6m4vbxgyapmvcx6goijk3z7q');
	});

	it('has the fields of upstream, and a later time after each renewal', async () => {
		const lease = leaseOf('kreal');
		await lease.renew();
		nowMs += 10_000;
		await lease.renew();
		const [{ value } = assert.fail()] = await leases();
		assert.equal(value.metadata.namespace, 'kube-system');
		assert.equal(value.metadata.creationTimestamp, '2026-01-31T00:00:00Z');
		assert.deepEqual(value.metadata.labels, {
			'apiserver.kubernetes.io/identity': 'kube-apiserver',
			'kubernetes.io/hostname': 'kreal',
		});
		const { holderIdentity, ...spec } = value.spec ?? {};
		assert.match(holderIdentity ?? '', /^apiserver-zi6m4vbxgyapmvcx6goijk3z7q_[0-9a-f-]{36}$/);
		assert.deepEqual(spec, { leaseDurationSeconds: 3600, renewTime: '2026-01-31T00:00:10.000000Z' });
	});

	it('is removed when nothing has renewed it for an hour; other Leases stay', async () => {
		const [first, second] = [leaseOf('first'), leaseOf('second')];
		await first.renew();
		const other = { metadata: { namespace: 'kube-system', name: 'other' }, spec: {} };
		await store().create('leases.coordination.k8s.io/kube-system/other', other);
		nowMs += hourMs;
		await second.renew();
		await second.clean();
		assert.deepEqual(new Set(await names()), new Set([identityOf('first'), identityOf('second'), 'other']));
		nowMs += 1;
		await second.clean();
		assert.deepEqual(new Set(await names()), new Set([identityOf('second'), 'other']));
	});

	it('replaces that of an earlier start, and ends with its server', async () => {
		await leaseOf(hostname()).renew();
		const [before] = await leases();
		const stopping = new AbortController();
		const watched = new AbortController();
		const revision = before?.revision ?? 0;
		const kept = keepIdentityLease({ store: store(), hostName: hostname(), clock }, stopping.signal, log);
		const seen: string[] = [];
		for await (const { type } of store().watch('leases.coordination.k8s.io/', revision, watched.signal)) {
			seen.push(type);
			if (type === 'created') stopping.abort();
			if (seen.length === 3) watched.abort();
		}
		await kept;
		assert.deepEqual(seen, ['deleted', 'created', 'deleted']);
	});
});
