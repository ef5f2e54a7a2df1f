/** The join as a list of phases. A phase compiles only after the phases that produce its inputs. */
import { Workflow } from '../../../lib/workflow.ts';
import type { TrustedServer } from '../trust.ts';
import { checkNodeName } from './check-node-name.ts';
import { confirm } from './confirm.ts';
import { createKey } from './create-key.ts';
import { fetchClusterInfo } from './fetch-cluster-info.ts';
import type { BootstrapCredential, CredentialWord, JoinContext } from './join-context.ts';
import type { JoinStart } from './join-request.ts';
import { pinCa } from './pin-ca.ts';
import { preflight, preflightForFile } from './preflight.ts';
import { readConfig } from './read-config.ts';
import { readDiscoveryFile } from './read-discovery-file.ts';
import { register } from './register.ts';
import { requestCertificate } from './request-certificate.ts';
import { trustWithoutPin } from './trust-without-pin.ts';
import { verifyCertificate } from './verify-certificate.ts';
import { verifyServer } from './verify-server.ts';
import { verifySignature } from './verify-signature.ts';

export const joinWorkflow = (tools: JoinContext) =>
	bootstrap(tools, 'token', discovery(tools).followedBy(pinCa(tools)).followedBy(confirm(tools)));

/** For `--discovery-token-unsafe-skip-ca-verification`: any server that knows the token can impersonate the cluster. */
export const joinWithoutPinWorkflow = (tools: JoinContext) =>
	bootstrap(tools, 'token', discovery(tools).followedBy(trustWithoutPin(tools)));

/** For `--discovery-file`. */
export const joinByFileWorkflow = (tools: JoinContext) =>
	bootstrap(
		tools,
		'credential',
		Workflow.from<JoinStart>('join')
			.followedBy(preflightForFile(tools))
			.followedBy(readDiscoveryFile(tools))
			.followedBy(verifyServer(tools)),
	);

/** What discovery gives, in each of its ways. */
interface Discovered {
	readonly server: TrustedServer;
	readonly credential: BootstrapCredential;
}

const discovery = (tools: JoinContext) =>
	Workflow.from<JoinStart>('join')
		.followedBy(preflight(tools))
		.followedBy(fetchClusterInfo(tools))
		.followedBy(verifySignature);

const bootstrap = <State extends JoinStart & Discovered>(
	tools: JoinContext,
	word: CredentialWord,
	discovered: Workflow<JoinStart, State>,
) =>
	discovered
		.followedBy(readConfig(tools, word))
		.followedBy(checkNodeName(tools, word))
		.followedBy(createKey(tools))
		.followedBy(requestCertificate(tools))
		.followedBy(verifyCertificate(tools, word))
		.followedBy(register(tools));
