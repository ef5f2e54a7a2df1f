import assert from 'node:assert/strict';
import type { JoinProgress } from '../../lib/cli/join-progress.ts';
import { KubejoinError } from '../../lib/errors.ts';
import type { NodeIdentity } from './identity.ts';
import type { JoinRequest } from './join/join-request.ts';
import { ManyNodesOutput, oneNodeOutput } from './node-output.ts';
import { type NodePlan, planNodes } from './nodes.ts';

const request = { nodeName: 'n', endpoint: 'h:6443' } as JoinRequest;
const identity = { nodeName: 'n', notAfter: Date.UTC(2027, 0, 1) } as NodeIdentity;
const phase = (durationMs: number) =>
	({ phase: 'discovery/pin-ca', trust: 'the node trusts the cluster CA', outcome: 'done', durationMs }) as const;
const refusal = (code: 'NODE_NAME_TAKEN' | 'NODE_STOPPED') =>
	code === 'NODE_STOPPED' ? new KubejoinError(code, {}) : new KubejoinError(code, { node: 'n' });

describe('the output of one node', () => {
	const plan = planNodes(request, '/tmp/x')[0] as NodePlan;
	const output = (isInteractive: boolean, adminConf?: string) => {
		const written: string[] = [];
		const write = (text: string) => void written.push(text);
		return { written, output: oneNodeOutput({ write, writeError: write, isInteractive, adminConf }) };
	};

	it('prints each phase, the text of kubeadm, and that this process is the node', () => {
		const { written, output: one } = output(true, '.kubejoin/pki/admin/admin.conf');
		one.phaseEnded(plan, phase(1.4));
		one.joined(plan, identity, 'joined');
		assert.equal(written[0], '[discovery/pin-ca] the node trusts the cluster CA (1 ms)\n');
		assert.match(written[1] ?? '', /^\nThis node has joined the cluster:\n/);
		assert.equal(
			written[2],
			'[kubelet] This process is now the node n. Press Ctrl-C to stop it.\n' +
				'[kubelet] List the nodes in another terminal: npx kubectl-sim get nodes --kubeconfig .kubejoin/pki/admin/admin.conf\n',
		);
	});

	it('names no kubeconfig where there is none, and gives no advice to another program', () => {
		const { written, output: one } = output(true);
		one.joined(plan, identity, 'resumed');
		assert.deepEqual(written, [
			'[kubelet] Node n continues with its certificate, valid until 2027-01-01T00:00:00Z\n',
			'[kubelet] This process is now the node n. Press Ctrl-C to stop it.\n',
		]);
		const supervised = output(false);
		supervised.output.joined(plan, identity, 'joined');
		assert.equal(supervised.written.length, 1);
	});

	it('prints nothing about a join when it is quiet', () => {
		const written: string[] = [];
		const write = (text: string) => void written.push(text);
		const quiet = oneNodeOutput({ write, writeError: write, isInteractive: true, isQuiet: true });
		quiet.phaseEnded(plan, phase(1));
		quiet.joined(plan, identity, 'joined');
		quiet.sayOf(plan, '[preflight] Running pre-flight checks');
		const kept = ['[discovery] retries', '[kubelet-start] Waiting for the API server: no', '[kubelet] renewed'];
		for (const sentence of kept) quiet.sayOf(plan, sentence);
		assert.deepEqual(
			written,
			kept.map((sentence) => `${sentence}\n`),
		);
	});

	it('leaves a failure to the command line', () => {
		assert.throws(() => output(true).output.failed(plan, refusal('NODE_NAME_TAKEN')), { code: 'NODE_NAME_TAKEN' });
	});
});

describe('the output of many nodes', () => {
	const plans = planNodes(request, '/tmp/x', 4);
	const output = () => {
		const events: string[] = [];
		const log = (text: string) => void events.push(text);
		const progress: JoinProgress = {
			joined: (durationMs) => log(`joined ${durationMs}`),
			refused: (code) => log(`refused ${code}`),
			print: (text, to) => (to ?? log)(text),
			tick: () => undefined,
			end: () => log('end'),
		};
		const options = { write: log, writeError: (text: string) => log(`stderr ${text}`), isInteractive: true };
		return { events, many: new ManyNodesOutput(plans.length, progress, options) };
	};
	const planOf = (index: number): NodePlan => plans[index] as NodePlan;

	it('counts joins with the sum of their phases, and ends when every node has joined or failed', () => {
		const { events, many } = output();
		for (const ms of [10, 20]) many.phaseEnded(planOf(0), phase(ms));
		many.joined(planOf(0), identity, 'joined');
		many.joined(planOf(1), identity, 'resumed');
		many.phaseEnded(planOf(2), phase(5));
		many.joined(planOf(2), identity, 'joined');
		many.failed(planOf(3), refusal('NODE_NAME_TAKEN'));
		assert.deepEqual(
			events.filter((text) => !text.startsWith('stderr')),
			[
				'joined 30',
				'joined undefined',
				'joined 5',
				'refused NODE_NAME_TAKEN',
				'end',
				'[kubelet] This process is now 3 nodes. Press Ctrl-C to stop it.\n',
			],
		);
	});

	it('prints the first failure of each code in full, with the name of its node', () => {
		const { events, many } = output();
		many.failed(planOf(0), refusal('NODE_NAME_TAKEN'));
		many.failed(planOf(1), refusal('NODE_NAME_TAKEN'));
		many.failed(planOf(2), refusal('NODE_STOPPED'));
		const failures = events.filter((text) => text.startsWith('stderr'));
		assert.equal(failures.length, 2);
		assert.match(failures[0] ?? '', /^stderr n-1: [\s\S]*NODE_NAME_TAKEN/);
		assert.match(failures[1] ?? '', /^stderr n-3: /);
	});

	it('prints a sentence that many nodes say once per occasion, and a sentence about one node always', () => {
		const { events, many } = output();
		for (const plan of plans) many.sayOf(plan, '[discovery] Waiting', 'repeated');
		assert.deepEqual(events, ['[discovery] n-1: Waiting\n']);
		for (const plan of plans) many.sayOf(plan, '[discovery] Waiting', 'repeated');
		assert.deepEqual(events, Array(2).fill('[discovery] n-1: Waiting\n'));
		for (const plan of plans) many.sayOf(plan, '[kubelet] rotated');
		assert.equal(events.length, 6);
	});

	it('prints no progress of kubeadm, which would interrupt the progress line for each node', () => {
		const { events, many } = output();
		for (const plan of plans) {
			many.sayOf(plan, '[preflight] Running pre-flight checks', 'repeated');
			many.sayOf(plan, `[kubelet-start] Waiting for the kubelet: node-csr-${plan.request.nodeName}`, 'repeated');
		}
		assert.deepEqual(events, []);
		many.sayOf(planOf(0), '[kubelet-start] Waiting for the API server: it is unavailable', 'repeated');
		assert.deepEqual(events, ['[kubelet-start] n-1: Waiting for the API server: it is unavailable\n']);
	});

	it('does not count a node again that joins after its certificate has expired', () => {
		const { events, many } = output();
		for (const plan of plans) many.joined(plan, identity, 'joined');
		const before = events.length;
		many.joined(planOf(0), identity, 'joined');
		many.failed(planOf(1), refusal('NODE_NAME_TAKEN'));
		assert.deepEqual(
			events.slice(before).map((text) => text.slice(0, 6)),
			['stderr'],
		);
	});
});
