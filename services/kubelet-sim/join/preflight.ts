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
import { quoteInput, shellWord } from '../../../lib/text.ts';
import type { Phase } from '../../../lib/workflow.ts';
import type { BootstrapCredential, JoinContext } from './join-context.ts';
import type { JoinRequest, JoinStart } from './join-request.ts';

/** The checked input of discovery by token. */
export interface TokenDiscovery {
	/** Verifies the signature of cluster-info. */
	readonly discoveryToken: PresentedToken;
	/** For the requests before the node has a certificate. */
	readonly credential: BootstrapCredential;
	readonly pins: readonly Pin[];
}

/** With an earlier clock every certificate would be "not yet valid". */
const EARLIEST_CLOCK_MS = Date.UTC(2026, 0, 1);

type Tools = Pick<JoinContext, 'paths' | 'clock' | 'say'>;
const phase = { name: 'preflight', trust: 'no trust yet' };

export const preflight = (tools: Tools): Phase<JoinStart, TokenDiscovery> => ({
	...phase,
	async run(request) {
		const token = await check(request, tools);
		if (token === undefined) throw new KubejoinError('JOIN_ARGUMENTS_INVALID', { problems: [neitherWay] });
		return token;
	},
});

export const preflightForFile = (tools: Tools): Phase<JoinStart, object> => ({
	...phase,
	async run(request) {
		await check(request, tools);
		return {};
	},
});

/** @throws JOIN_ARGUMENTS_INVALID, PREFLIGHT_FAILED */
async function check(request: JoinStart, { paths, clock, say }: Tools): Promise<TokenDiscovery | undefined> {
	const { token, problems, found } = validate(request);
	if (problems.length > 0)
		throw new KubejoinError('JOIN_ARGUMENTS_INVALID', { problems, found, remedy: remedyOf(found) });
	say('[preflight] Running pre-flight checks');
	const failures: string[] = [];
	const hasJoined = request.replaces === undefined && existsSync(paths.kubeconfig);
	if (hasJoined) failures.push(`FileAvailable--etc-kubernetes-kubelet.conf]: ${paths.kubeconfig} already exists`);
	if (clock() < EARLIEST_CLOCK_MS)
		failures.push(`Clock]: the system clock says ${new Date(clock()).toISOString()}, which is in the past`);
	for (const directory of request.isDryRun ? [] : [paths.kubernetesDirectory, paths.certificateDirectory]) {
		await makePrivateDirectory(directory).catch((error: unknown) =>
			failures.push(`DirAvailable]: ${causeText(error)}`),
		);
	}
	if (failures.length === 0) return token;
	const reset = `Choose another --root, or remove the files of the earlier join: kubelet-sim reset --root ${shellWord(paths.root)}`;
	throw new KubejoinError('PREFLIGHT_FAILED', { problems: failures, remedy: hasJoined ? reset : undefined });
}

const remedyOf = (found: readonly string[]): string | undefined =>
	found.length === 0
		? undefined
		: 'Copy the whole output of this command on the control plane: kubectl-sim token create --print-join-command';

interface Validated {
	/** Of a valid request for discovery by token. */
	readonly token?: TokenDiscovery | undefined;
	/** Upstream's texts where upstream has one. */
	readonly problems: readonly string[];
	/** Mistakes in the input that cause the problems. */
	readonly found: readonly string[];
}

/** Finds every problem of the request, in kubeadm's order. */
export function validate(request: JoinRequest): Validated {
	const problems: string[] = [];
	const found: string[] = [];
	const findings: Findings = { problems, find: (what, one) => void (one && found.push(`${what}: ${one}`)) };
	const { discoversBy } = request;
	if (discoversBy.length === 0) problems.push(neitherWay);
	if (discoversBy.length > 1) problems.push('discovery: Invalid value: "": bootstrapToken and file cannot both be set');
	const token = discoversBy.includes('token') ? validateTokenDiscovery(request, findings) : undefined;
	if (discoversBy.includes('file')) validateFileDiscovery(request, findings);
	validateNode(request, findings);
	return problems.length > 0 ? { problems: [...new Set(problems)], found } : { problems, found, token };
}

const neitherWay = 'discovery: Invalid value: "": bootstrapToken or file must be set';

interface Findings {
	readonly problems: string[];
	/** `one`: a mistake in the input, or undefined. */
	readonly find: (what: string, one: string | undefined) => void;
}

const invalidToken = (field: string, token: string): string =>
	`discovery.${field}: Invalid value: ${token === '' ? '"": ' : ''}the bootstrap token is invalid`;

/**
 * @source kubeadm apis/kubeadm/validation ValidateDiscoveryBootstrapToken
 * @differs kubeadm prints the tokens that are invalid, and compares the form of the hashes in the preflight phase
 */
function validateTokenDiscovery(
	{ endpoint, token, tlsBootstrapToken, caCertHashes, unsafeSkipCaVerification }: JoinRequest,
	{ problems, find }: Findings,
): TokenDiscovery | undefined {
	const at = 'discovery.bootstrapToken';
	if (endpoint === '') problems.push(`${at}: Required value: APIServerEndpoint is not set`);
	if (caCertHashes.length === 0 && !unsafeSkipCaVerification)
		problems.push(
			`${at}.caCertHashes: Invalid value: "": using token-based discovery without caCertHashes can be unsafe. ` +
				'Set unsafeSkipCAVerification as true in your kubeadm config file ' +
				'or pass --discovery-token-unsafe-skip-ca-verification flag to continue',
		);
	const discoveryToken = parseToken(token);
	if (discoveryToken === undefined) {
		problems.push(invalidToken('bootstrapToken.token', token));
		find('the token', token === '' ? undefined : tokenFinding(token));
	}
	if (splitHostPort(endpoint) === undefined) {
		problems.push(`${at}.apiServerEndpoint: Invalid value: ${quoteInput(endpoint)}: ${hostPortProblem(endpoint)}`);
		find('the address of the API server', endpoint === '' ? undefined : endpointFinding(endpoint));
	}
	validateTlsBootstrapToken({ token, tlsBootstrapToken }, { problems, find });
	const pins = caCertHashes.flatMap((hash) => {
		try {
			return [parsePin(hash)];
		} catch (error) {
			problems.push(`${at}.caCertHashes: invalid discovery token CA certificate hash: ${causeText(error)}`);
			find('the hash', pinFinding(hash));
			return [];
		}
	});
	return discoveryToken && { discoveryToken, credential: { token: tlsBootstrapToken }, pins };
}

function validateTlsBootstrapToken(
	{ token, tlsBootstrapToken }: Pick<JoinRequest, 'token' | 'tlsBootstrapToken'>,
	{ problems, find }: Findings,
): void {
	if (parseToken(tlsBootstrapToken) !== undefined) return;
	problems.push(invalidToken('tlsBootstrapToken', tlsBootstrapToken));
	if (tlsBootstrapToken !== token) find('the token for the certificate request', tokenFinding(tlsBootstrapToken));
}

/** @source Go net.SplitHostPort */
function hostPortProblem(endpoint: string): string {
	if (/^[^:[\]]*$/.test(endpoint)) return endpoint === '' ? 'missing port in address' : missingPort(endpoint);
	if (/^\[[^\]]*\]$/.test(endpoint)) return missingPort(endpoint);
	return /^[^[\]]*:[^[\]]*:[^[\]]*$/.test(endpoint)
		? `address ${quoteInput(endpoint).slice(1, -1)}: too many colons in address`
		: 'not HOST:PORT, without a scheme';
}
const missingPort = (endpoint: string): string =>
	`address ${quoteInput(endpoint).slice(1, -1)}: missing port in address`;

/** @source kubeadm apis/kubeadm/validation ValidateDiscoveryKubeConfigPath */
function validateFileDiscovery({ discoveryFile, tlsBootstrapToken }: JoinRequest, findings: Findings): void {
	const [, scheme] = /^([a-z][a-z0-9+.-]*):/i.exec(discoveryFile) ?? [];
	const invalid = `discovery.file.kubeConfigPath: Invalid value: ${quoteInput(discoveryFile)}: `;
	if (scheme === undefined) {
		if (!existsSync(discoveryFile)) findings.problems.push(`${invalid}not a valid HTTPS URL or a file on disk`);
	} else if (scheme.toLowerCase() !== 'https')
		findings.problems.push(`${invalid}if a URL is used, the scheme must be https`);
	else if (!URL.canParse(discoveryFile)) findings.problems.push(`${invalid}not a valid HTTPS URL or a file on disk`);
	if (tlsBootstrapToken !== '') validateTlsBootstrapToken({ token: '', tlsBootstrapToken }, findings);
}

/** @source kubeadm apis/kubeadm/validation ValidateNodeRegistrationOptions, ValidateSocketPath */
function validateNode({ nodeName, criSocket }: JoinRequest, { problems }: Findings): void {
	for (const detail of subdomainProblems(nodeName))
		problems.push(`nodeRegistration.name: Invalid value: ${quoteInput(nodeName)}: ${detail}`);
	const [, scheme = ''] = /^([a-z][a-z0-9+.-]*):/i.exec(criSocket) ?? [];
	const socket = `nodeRegistration.criSocket: Invalid value: ${quoteInput(criSocket)}: `;
	if (scheme !== 'unix')
		problems.push(`${socket}only URL scheme "unix" is supported, got "${quoteInput(scheme).slice(1, -1)}"`);
	else if (!/^unix:\/\/\/[^\s]+$/.test(criSocket)) problems.push(`${socket}not a URL of the form unix:///PATH`);
}
