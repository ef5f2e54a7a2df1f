import assert from 'node:assert/strict';
import { type ErrorCode, hasCode, KubejoinError } from '../../../lib/errors.ts';
import type { Node } from '../../../lib/kube/types.ts';
import type { NodeIdentity } from '../identity.ts';
import { inTurn, refusedConnection, type TestTools, testServer, testSettings, testTools } from './fixtures.test.ts';
import { register } from './register.ts';

const identity = { nodeName: 'n', server: testServer } as NodeIdentity;

describe('register', () => {
	let tools: TestTools;
	let nodes: Node[];
	const run = (timeoutMs: number, ...answers: readonly (object | Error)[]) => {
		nodes = [];
		const answer = inTurn(...answers);
		tools = testTools({
			nodes: {
				create: async (node: Node) => {
					await answer();
					nodes.push(node);
					return { ...node, metadata: { ...node.metadata, uid: 'u' } };
				},
			},
		});
		const work = register(tools).run({ identity, settings: testSettings, tlsBootstrapTimeoutMs: timeoutMs });
		return Promise.resolve(work);
	};
	afterEach(() => tools.remove());
	const fails = async (code: ErrorCode, work: Promise<unknown>) => {
		await assert.rejects(work, (error) => hasCode(error, code));
		assert.equal(tools.dialled.at(-1), 'closed');
	};

	it('creates the Node with one call, with the node’s certificate', async () => {
		const { registration } = await run(1_000, {});
		assert.deepEqual(registration, { nodeUid: 'u', becameReady: true });
		assert.deepEqual(tools.dialled, ['as node h:6443', 'closed']);
		assert.deepEqual(
			nodes.map(({ metadata }) => metadata.name),
			['n'],
		);
	});

	it('waits for an unavailable server, and prints the reason once', async () => {
		const { registration } = await run(10_000, refusedConnection(), refusedConnection(), {});
		assert.equal(registration?.nodeUid, 'u');
		assert.equal(tools.said.length, 1);
		assert.match(
			tools.said.join(),
			/^\[kubelet\] Waiting for the API server to create the Node: cannot connect to h:6443/,
		);
	});

	it('fails after the timeout', async () => {
		await fails('CONNECTION_REFUSED', run(30, refusedConnection()));
	});

	it('fails at once with a refusal', async () => {
		await fails('API_UNAUTHORIZED', run(10_000, new KubejoinError('API_UNAUTHORIZED', {})));
		assert.deepEqual(tools.said, []);
	});
});
