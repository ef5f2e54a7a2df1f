import assert from 'node:assert/strict';
import { hasCode } from '../../../../lib/errors.ts';
import type { Result } from '../../result.ts';
import { callAgent } from './call.ts';
import type { ExecuteOptions } from './docker.ts';
import type { LabContainer } from './lab-container.ts';

describe('callAgent', () => {
	let sent: string;
	const container = (result: Partial<Result>) =>
		({
			execute: async (_command: readonly string[], { stdin, isStdinHeld }: ExecuteOptions) => {
				sent = stdin?.toString() ?? '';
				assert.equal(isStdinHeld, true);
				return { code: 0, stdout: '', stderr: '', ...result };
			},
		}) as unknown as LabContainer;
	const call = { operation: 'recordVerdict', args: ['security: held'] } as const;

	it('sends the call as one line of standard input, not as an argument', async () => {
		const stdout = JSON.stringify({ status: 200, body: { lines: [] } });
		assert.deepEqual(await callAgent(container({ stdout }), call, undefined), { lines: [] });
		assert.equal(sent, `${JSON.stringify(call)}\n`);
	});

	it('throws the failure of the operation', async () => {
		const stdout = JSON.stringify({ status: 400, body: { code: 'LAB_NAME_TAKEN', details: { name: 'n' } } });
		await assert.rejects(callAgent(container({ stdout }), call, undefined), (error) =>
			hasCode(error, 'LAB_NAME_TAKEN'),
		);
	});

	it('reports LAB_UNREACHABLE when the agent does not answer', async () => {
		await assert.rejects(
			callAgent(container({ code: 1, stderr: 'ECONNREFUSED\n' }), call, undefined),
			(error) => hasCode(error, 'LAB_UNREACHABLE') && error.message.endsWith('ECONNREFUSED'),
		);
	});
});
