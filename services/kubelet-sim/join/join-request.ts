/**
 * Reads a join request from flags, or from a JoinConfiguration file, which keeps the token out of the process list.
 * `preflight` validates it.
 */
import { hostname } from 'node:os';
import { KubejoinError } from '../../../lib/errors.ts';
import { quoteInput } from '../../../lib/text.ts';
import type { NodeIdentity } from '../identity.ts';
import { type JoinConfiguration, type JoinRequest, readJoinConfiguration } from './join-configuration.ts';

export type { JoinRequest } from './join-configuration.ts';

/** The input of a join: the request, and the expired identity that the join replaces. */
export interface JoinStart extends JoinRequest {
	readonly replaces?: NodeIdentity | undefined;
}

export interface JoinFlags {
	readonly token?: string;
	readonly discoveryToken?: string;
	readonly tlsBootstrapToken?: string;
	readonly discoveryTokenCaCertHash?: readonly string[];
	readonly discoveryTokenUnsafeSkipCaVerification?: boolean;
	readonly discoveryFile?: string;
	readonly dryRun?: boolean;
	readonly nodeName?: string;
	readonly criSocket?: string;
	readonly config?: string;
	/** Each can be a list with commas. */
	readonly skipPhases?: readonly string[];
}

const defaults = {
	criSocket: 'unix:///var/run/containerd/containerd.sock',
	discoveryTimeoutMs: 5 * 60_000,
	tlsBootstrapTimeoutMs: 5 * 60_000,
};

/**
 * @param endpoint  the argument of `join`, or undefined
 * @param say       called with each warning about the file
 * @throws JOIN_ARGUMENTS_INVALID  conflicting flags, an unreadable file, or an unknown field
 */
export async function readJoinRequest(
	endpoint: string | undefined,
	flags: JoinFlags,
	say: (sentence: string) => void = () => undefined,
): Promise<JoinRequest> {
	const { config } = flags;
	const mixed = Object.entries({
		endpoint,
		token: flags.token,
		'discovery-file': flags.discoveryFile,
		'discovery-token': flags.discoveryToken,
		'tls-bootstrap-token': flags.tlsBootstrapToken,
		'discovery-token-ca-cert-hash': flags.discoveryTokenCaCertHash,
		'discovery-token-unsafe-skip-ca-verification': flags.discoveryTokenUnsafeSkipCaVerification,
	}).flatMap(([name, value]) => (value === undefined ? [] : [name]));
	if (config !== undefined && mixed.length > 0)
		throw new KubejoinError('JOIN_ARGUMENTS_INVALID', {
			problems: [`can not mix '--config' with arguments [${mixed.sort().join(' ')}]`],
			remedy: 'Move these arguments into the file, or remove --config',
		});
	const { request: file, warnings } = config === undefined ? noFile : readJoinConfiguration(config);
	for (const warning of warnings) say(warning);
	const isByToken = config === undefined ? endpoint !== undefined : file.endpoint !== undefined;
	const token = flags.discoveryToken || flags.token || file.token || '';
	const discoveryFile = withoutFileScheme(flags.discoveryFile || file.discoveryFile || '');
	return {
		discoversBy: [...(isByToken ? ['token' as const] : []), ...(discoveryFile === '' ? [] : ['file' as const])],
		discoveryFile,
		endpoint: endpoint ?? file.endpoint ?? '',
		token,
		tlsBootstrapToken: tlsBootstrapTokenOf(
			flags,
			config === undefined ? {} : { ...file, token: isByToken ? token : '' },
		),
		caCertHashes: flags.discoveryTokenCaCertHash ?? file.caCertHashes ?? [],
		unsafeSkipCaVerification: flags.discoveryTokenUnsafeSkipCaVerification ?? file.unsafeSkipCaVerification ?? false,
		nodeName: (flags.nodeName || file.nodeName || hostname()).trim().toLowerCase(),
		criSocket: withSocketScheme(flags.criSocket || file.criSocket || defaults.criSocket, say),
		skippedPhases: flags.skipPhases?.flatMap((names) => names.split(',')) ?? file.skippedPhases ?? [],
		isDryRun: flags.dryRun ?? file.isDryRun ?? false,
		discoveryTimeoutMs: file.discoveryTimeoutMs ?? defaults.discoveryTimeoutMs,
		tlsBootstrapTimeoutMs: file.tlsBootstrapTimeoutMs ?? defaults.tlsBootstrapTimeoutMs,
	};
}

/**
 * The token of discovery is the default, also beside a discovery file and before `--token`.
 *
 * @source kubeadm cmd/join.go newJoinData, apis/kubeadm/v1beta4 SetDefaults_Discovery
 */
const tlsBootstrapTokenOf = (flags: JoinFlags, file: JoinConfiguration['request']): string =>
	flags.tlsBootstrapToken || flags.discoveryToken || flags.token || file.tlsBootstrapToken || file.token || '';

/** @source kubeadm util/config SetNodeRegistrationDynamicDefaults */
function withSocketScheme(criSocket: string, say: (sentence: string) => void): string {
	if (criSocket.startsWith('unix')) return criSocket;
	say(
		'[config] WARNING: Usage of CRI endpoints without URL scheme is deprecated and can cause kubelet errors in the ' +
			`future. Automatically prepending scheme "unix" to the "criSocket" with value ${quoteInput(criSocket)}. ` +
			'Please update your configuration!',
	);
	return `unix://${criSocket}`;
}

/** @source kubeadm apis/kubeadm/v1beta4 SetDefaults_FileDiscovery */
const withoutFileScheme = (file: string): string =>
	/^file:/i.test(file) && URL.canParse(file) ? decodeURIComponent(new URL(file).pathname) : file;

const noFile: JoinConfiguration = { request: {}, warnings: [] };
