import { deepEqual, equal } from 'node:assert/strict';
import { csrStatus } from '../../lib/kube/columns/cells.ts';
import { columnsOfKind } from './columns.ts';
import { condition, csr, now, worker } from './fakes.test.ts';

describe('columns of nodes', () => {
	const { headers, cellsOf: cellsAt } = columnsOfKind('Node', { isWide: true, hasNamespace: false });
	const cells = (node: ReturnType<typeof worker>) => cellsAt(node, now);

	it('are those of upstream', () => {
		const narrow = ['NAME', 'STATUS', 'ROLES', 'AGE', 'VERSION'];
		const wide = ['INTERNAL-IP', 'EXTERNAL-IP', 'OS-IMAGE', 'KERNEL-VERSION', 'CONTAINER-RUNTIME'];
		deepEqual(headers, [...narrow, ...wide]);
		const { headers: shown, cellsOf } = columnsOfKind('Node', { isWide: false, hasNamespace: false });
		deepEqual(shown, narrow);
		deepEqual(cellsOf(worker('w'), now), ['w', 'Ready', '<none>', '5m', 'v1.37.2']);
		deepEqual(cells(worker('w')), [
			'w',
			'Ready',
			'<none>',
			'5m',
			'v1.37.2',
			'10.0.0.1',
			'<none>',
			'Debian GNU/Linux 12 (bookworm)',
			'6.1 (amd64)',
			'simulated://0',
		]);
	});

	it('show unknown values', () => {
		deepEqual(cells({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'w' } }), [
			...['w', 'Unknown', '<none>', '<unknown>', '', '<none>', '<none>', '<unknown>', '<unknown>', '<unknown>'],
		]);
	});

	it('show a node that is not Ready or not schedulable, and sorted roles', () => {
		const labels = {
			'node-role.kubernetes.io/worker': '',
			'node-role.kubernetes.io/': '',
			'kubernetes.io/role': 'edge',
			other: 'x',
		};
		const node = worker('w', {
			metadata: { labels },
			spec: { unschedulable: true },
			status: { conditions: [{ type: 'Ready', status: 'Unknown' }] },
		});
		deepEqual(cells(node).slice(1, 3), ['NotReady,SchedulingDisabled', 'edge,worker']);
	});
});

describe('columns of certificate requests', () => {
	it('are those of upstream', () => {
		const { headers, cellsOf } = columnsOfKind('CertificateSigningRequest', { isWide: false, hasNamespace: false });
		deepEqual(headers, ['NAME', 'AGE', 'SIGNERNAME', 'REQUESTOR', 'REQUESTEDDURATION', 'CONDITION']);
		deepEqual(cellsOf(csr('c', { expirationSeconds: 86_400 }), now), [
			'c',
			'31s',
			'kubernetes.io/kube-apiserver-client-kubelet',
			'system:bootstrap:abcdef',
			'24h',
			'Pending',
		]);
		equal(cellsOf(csr('c'), now)[4], '<none>');
	});

	it('show the decision, then the result', () => {
		const status = (types: string[], certificate?: string) =>
			csrStatus(
				csr('c', {
					status: { conditions: types.map(condition), ...(certificate === undefined ? {} : { certificate }) },
				}),
			);
		deepEqual(
			[status([]), status(['Approved'], 'x'), status(['Denied']), status(['Approved', 'Failed'])],
			['Pending', 'Approved,Issued', 'Denied', 'Approved,Failed'],
		);
	});
});

describe('columns of objects of all namespaces', () => {
	it('begin with the namespace', () => {
		const { headers, cellsOf } = columnsOfKind('ConfigMap', { isWide: false, hasNamespace: true });
		deepEqual(headers, ['NAMESPACE', 'NAME', 'DATA', 'AGE']);
		const metadata = { name: 'c', namespace: 'd' };
		deepEqual(cellsOf({ apiVersion: 'v1', kind: 'ConfigMap', metadata }, now), ['d', 'c', '0', '<unknown>']);
	});
});
