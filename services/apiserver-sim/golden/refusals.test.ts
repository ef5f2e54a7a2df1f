/** Manifests that a real kube-apiserver 1.37.2 refused, and the messages of its answers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { storeOfEachTest } from '../fixtures.test.ts';
import { openServer, type Server } from './replay.test.ts';

interface Refused {
	readonly path: string;
	readonly body: string;
	readonly status: number;
	readonly message: string;
}

const refused = gunzipSync(readFileSync(new URL('refusals.jsonl.gz', import.meta.url)))
	.toString()
	.trim()
	.split('\n')
	.map((line) => JSON.parse(line) as Refused);
const kindOf = ({ path }: Refused): string => path.slice(path.lastIndexOf('/') + 1, path.indexOf('?'));
const kinds = [...new Set(refused.map(kindOf))];
const admin = 'certificate CN=kubernetes-admin O=kubeadm:cluster-admins';

describe('a manifest that upstream refuses', () => {
	const store = storeOfEachTest();
	let server: Server;

	beforeEach(async () => {
		server = await openServer(store(), '2026-11-26T13:00:00Z');
		const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } };
		await server.put({ ...namespace, ...{ status: { phase: 'Active' } } });
		await server.put({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: 'demo', name: 'default' } });
	});
	afterEach(() => server.doors.close());

	for (const kind of kinds)
		it(`is refused with the same message among ${kind}`, async () => {
			for (const { path, body, status, message } of refused.filter((one) => kindOf(one) === kind)) {
				const headers = { authorization: admin, 'content-type': 'application/json' };
				const answer = await server.doors.rest('POST', path, headers, body);
				assert.deepEqual([answer.status, JSON.parse(answer.text).message], [status, message], body);
			}
		});
});
