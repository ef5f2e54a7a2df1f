import { deepEqual, equal } from 'node:assert/strict';
import { csrColumns, csrStatus, nodeColumns } from './columns.ts';
import { condition, csr, now, worker } from './fakes.test.ts';

describe('columns of nodes', () => {
	const cells = (node: ReturnType<typeof worker>) => nodeColumns.map(({ cell }) => cell(node, now));

	it('are those of upstream', () => {
		deepEqual(
			nodeColumns.map(({ header, isWide }) => (isWide ? header.toLowerCase() : header)),
			[
				'NAME',
				'STATUS',
				'ROLES',
				'AGE',
				'VERSION',
				'internal-ip',
				'external-ip',
				'os-image',
				'kernel-version',
				'container-runtime',
			],
		);
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
		deepEqual(
			csrColumns.map(({ header }) => header),
			['NAME', 'AGE', 'SIGNERNAME', 'REQUESTOR', 'REQUESTEDDURATION', 'CONDITION'],
		);
		deepEqual(
			csrColumns.map(({ cell }) => cell(csr('c', { expirationSeconds: 86_400 }), now)),
			['c', '31s', 'kubernetes.io/kube-apiserver-client-kubelet', 'system:bootstrap:abcdef', '24h', 'Pending'],
		);
		equal(csrColumns[4]?.cell(csr('c'), now), '<none>');
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
