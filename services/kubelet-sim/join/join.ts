/**
 * The join: a list that can be read aloud. A phase that stands before what it needs does not compile, for it can only be given what an earlier
 * one has earned.
 */
import { Workflow } from '../../../lib/workflow.ts';
import { checkNodeName } from './check-node-name.ts';
import { confirm } from './confirm.ts';
import { createKey } from './create-key.ts';
import { fetchClusterInfo } from './fetch-cluster-info.ts';
import type { JoinRequest } from './join-request.ts';
import { pinCa } from './pin-ca.ts';
import { preflight } from './preflight.ts';
import { register } from './register.ts';
import { requestCertificate } from './request-certificate.ts';
import type { JoinTools } from './tools.ts';
import { verifyCertificate } from './verify-certificate.ts';
import { verifySignature } from './verify-signature.ts';

export const joinWorkflow = (tools: JoinTools) =>
	Workflow.from<JoinRequest>('join')
		.followedBy(preflight(tools))
		.followedBy(fetchClusterInfo(tools))
		.followedBy(verifySignature)
		.followedBy(pinCa)
		.followedBy(confirm(tools))
		.followedBy(checkNodeName(tools))
		.followedBy(createKey(tools))
		.followedBy(requestCertificate(tools))
		.followedBy(verifyCertificate(tools))
		.followedBy(register(tools));
