/** `kubectl certificate`: approves or denies certificate requests. The API server authorizes the decision. */
import { type Clock, rfc3339 } from '../../lib/clock.ts';
import { hasCode, KubejoinError } from '../../lib/errors.ts';
import type { ApiClient } from '../../lib/kube/client.ts';
import { resources } from '../../lib/kube/resources.ts';
import type { CertificateSigningRequest } from '../../lib/kube/types.ts';
import { quoteInput } from '../../lib/text.ts';
import { invalidCommand, throwAll } from './command-errors.ts';
import type { Output } from './output.ts';
import { qualifiedName } from './print-object.ts';
import { findResource, parseResourceArgument } from './resource-types.ts';

type Requests = Pick<ApiClient['certificateSigningRequests'], 'get' | 'updateApproval'>;
interface Tools {
	readonly requests: Requests;
	readonly output: Output;
	readonly clock: Clock;
}
interface Decision {
	readonly type: 'Approved' | 'Denied';
	readonly opposite: 'Approved' | 'Denied';
	readonly reason: string;
	readonly message: string;
}

const decisions = {
	approve: {
		type: 'Approved',
		opposite: 'Denied',
		reason: 'KubectlApprove',
		message: 'This CSR was approved by kubectl certificate approve.',
	},
	deny: {
		type: 'Denied',
		opposite: 'Approved',
		reason: 'KubectlDeny',
		message: 'This CSR was denied by kubectl certificate deny.',
	},
} as const satisfies Record<string, Decision>;

/** Attempts to write a decision after conflicts. */
const CONFLICT_RETRIES = 10;

/**
 * Approve or deny each request, also after one of them failed.
 *
 * @throws COMMAND_INVALID  no names, or a request with the opposite decision; errors of the API; several together
 * @source kubectl pkg/cmd/certificates
 */
export async function decide(verb: keyof typeof decisions, names: readonly string[], tools: Tools): Promise<void> {
	if (names.length === 0)
		throw invalidCommand('one or more CSRs must be specified as <name> or -f <filename>', `certificate ${verb}`);
	const decision = decisions[verb];
	const errors: unknown[] = [];
	for (const word of names) {
		try {
			const name = requestName(word, verb);
			tools.output.out(`${qualifiedName(await decideOne(name, decision, tools))} ${decision.type.toLowerCase()}\n`);
		} catch (error) {
			errors.push(error);
		}
	}
	throwAll(errors);
}

/** `NAME` or `csr/NAME`. */
function requestName(word: string, verb: string): string {
	const [type = '', name, ...more] = word.split('/');
	if (name === undefined) return word;
	const isRequest = findResource(parseResourceArgument(type)) === resources.certificateSigningRequests;
	if (isRequest && name !== '' && more.length === 0) return name;
	throw invalidCommand(`${quoteInput(word)} is no certificate signing request`, `certificate ${verb}`);
}

async function decideOne(
	name: string,
	decision: Decision,
	{ requests, clock }: Tools,
): Promise<CertificateSigningRequest> {
	for (let retries = 0; ; retries++) {
		const csr = await requests.get(name);
		const { type, opposite, reason, message } = decision;
		const conditions = csr.status?.conditions ?? [];
		if (conditions.some((condition) => condition.type === opposite)) throw alreadyDecided(name, opposite);
		if (conditions.some((condition) => condition.type === type)) return csr;
		const added = { type, status: 'True', reason, message, lastUpdateTime: rfc3339(clock()) };
		try {
			return await requests.updateApproval({ ...csr, status: { ...csr.status, conditions: [...conditions, added] } });
		} catch (error) {
			if (!hasCode(error, 'API_CONFLICT') || retries === CONFLICT_RETRIES) throw error;
		}
	}
}

const alreadyDecided = (name: string, decision: string): KubejoinError =>
	new KubejoinError('COMMAND_INVALID', {
		problem: `certificate signing request "${name}" is already ${decision}`,
		remedy: 'A decision is final: create a new request for the certificate',
	});
