/**
 * Validates the request and the machine before a connection is opened, and reports all problems together.
 *
 * @source kubeadm apis/kubeadm/validation and preflight
 */
import { existsSync } from 'node:fs';
import { splitHostPort } from '../../../lib/address.ts';
import { causeText, KubejoinError } from '../../../lib/errors.ts';
import { makePrivateDirectory } from '../../../lib/files.ts';
import { type PresentedToken, parseToken } from '../../../lib/kube/bootstrap-token.ts';
import { endpointFinding, pinFinding, tokenFinding } from '../../../lib/kube/join-input.ts';
import { subdomainProblems } from '../../../lib/kube/names.ts';
import { type Pin, parsePin } from '../../../lib/pki/pin.ts';
import { quoteInput } from '../../../lib/text.ts';
import type { Phase } from '../../../lib/workflow.ts';
import type { JoinContext } from './join-context.ts';
import type { JoinRequest, JoinStart } from './join-request.ts';

export interface Checked {
	/** Verifies the signature of cluster-info. */
	readonly discoveryToken: PresentedToken;
	/** `id.secret`, for the certificate request. */
	readonly bootstrapToken: string;
	readonly pins: readonly Pin[];
}

/** With an earlier clock every certificate would be "not yet valid". */
const EARLIEST_CLOCK_MS = Date.UTC(2026, 0, 1);

export const preflight = ({
	paths,
	clock,
	say,
}: Pick<JoinContext, 'paths' | 'clock' | 'say'>): Phase<JoinStart, Checked> => ({
	name: 'preflight',
	trust: 'no trust yet',
	async run(request) {
		say('[preflight] Running pre-flight checks');
		const { checked, problems, found } = validate(request);
		if (checked === undefined)
			throw new KubejoinError('JOIN_ARGUMENTS_INVALID', { problems, found, remedy: remedyOf(found) });
		const failures: string[] = [];
		if (request.replaces === undefined && existsSync(paths.kubeconfig))
			failures.push(`FileAvailable--etc-kubernetes-kubelet.conf]: ${paths.kubeconfig} already exists`);
		if (clock() < EARLIEST_CLOCK_MS)
			failures.push(`Clock]: the system clock says ${new Date(clock()).toISOString()}, which is in the past`);
		for (const directory of [paths.kubernetesDirectory, paths.certificateDirectory]) {
			await makePrivateDirectory(directory).catch((error: unknown) =>
				failures.push(`DirAvailable]: ${causeText(error)}`),
			);
		}
		if (failures.length > 0) throw new KubejoinError('PREFLIGHT_FAILED', { problems: failures });
		return checked;
	},
});

const remedyOf = (found: readonly string[]): string | undefined =>
	found.length === 0
		? undefined
		: 'Copy the whole output of this command on the control plane: kubectl-sim token create --print-join-command';

interface Validated {
	readonly checked?: Checked;
	/** Upstream's texts where upstream has one. */
	readonly problems: readonly string[];
	/** Mistakes in the input that cause the problems. */
	readonly found: readonly string[];
}

/** Finds every problem of the request. */
export function validate(request: JoinRequest): Validated {
	const { endpoint, token, tlsBootstrapToken, caCertHashes, unsafeSkipCaVerification, nodeName, criSocket } = request;
	const problems: string[] = [];
	const found: string[] = [];
	const find = (what: string, finding: string | undefined) => {
		if (finding !== undefined) found.push(`${what}: ${finding}`);
	};
	const at = 'discovery.bootstrapToken';
	const discoveryToken = parseToken(token);
	if (endpoint === '')
		problems.push(`${at}.apiServerEndpoint: Required value: the HOST:PORT of the API server is missing`);
	else if (splitHostPort(endpoint) === undefined) {
		problems.push(`${at}.apiServerEndpoint: Invalid value: ${quoteInput(endpoint)}: not HOST:PORT, without a scheme`);
		find('the address of the API server', endpointFinding(endpoint));
	}
	if (token === '') problems.push(`${at}.token: Required value: the bootstrap token is missing`);
	else if (discoveryToken === undefined) {
		problems.push(`${at}.token: Invalid value: the bootstrap token is invalid`);
		find('the token', tokenFinding(token));
	}
	if (tlsBootstrapToken !== token && parseToken(tlsBootstrapToken) === undefined) {
		problems.push('discovery.tlsBootstrapToken: Invalid value: the bootstrap token is invalid');
		find('the token for the certificate request', tokenFinding(tlsBootstrapToken));
	}
	if (caCertHashes.length === 0 && !unsafeSkipCaVerification)
		problems.push(
			`${at}: Invalid value: "": using token-based discovery without caCertHashes can be unsafe. ` +
				'Set unsafeSkipCAVerification as true in your kubeadm config file ' +
				'or pass --discovery-token-unsafe-skip-ca-verification flag to continue',
		);
	const pins = caCertHashes.flatMap((hash) => {
		try {
			return [parsePin(hash)];
		} catch (error) {
			problems.push(`${at}.caCertHashes: invalid discovery token CA certificate hash: ${causeText(error)}`);
			find('the hash', pinFinding(hash));
			return [];
		}
	});
	for (const detail of subdomainProblems(nodeName))
		problems.push(`nodeRegistration.name: Invalid value: ${quoteInput(nodeName)}: ${detail}`);
	if (!/^unix:\/\/\/[^\s]+$/.test(criSocket))
		problems.push(
			`nodeRegistration.criSocket: Invalid value: ${quoteInput(criSocket)}: not a URL of the form unix:///PATH`,
		);
	return problems.length > 0 || discoveryToken === undefined
		? { problems, found }
		: { problems, found, checked: { discoveryToken, bootstrapToken: tlsBootstrapToken, pins } };
}
