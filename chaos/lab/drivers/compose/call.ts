/** Calls an operation of the control API in the lab container. */
import { KubejoinError } from '../../../../lib/errors.ts';
import type { LabCall } from '../../control/api.ts';
import { readAnswer } from '../../control/client.ts';
import type { LabContainer } from './lab-container.ts';

const COMMAND = ['node', 'dist/bundle/chaos/lab/drivers/compose/call-agent.js'];

/** @throws the failure of the operation; LAB_UNREACHABLE */
export async function callAgent(lab: LabContainer, call: LabCall, signal: AbortSignal | undefined): Promise<unknown> {
	const stdin = Buffer.from(`${JSON.stringify(call)}\n`);
	const { code, stdout, stderr } = await lab.execute(COMMAND, { stdin, isStdinHeld: true, signal });
	if (code !== 0)
		throw new KubejoinError('LAB_UNREACHABLE', { problem: `the agent in its container failed: ${stderr.trim()}` });
	const { status, body } = JSON.parse(stdout) as { readonly status: number; readonly body: unknown };
	return readAnswer(status, body, call.operation);
}
