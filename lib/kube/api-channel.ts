/** The way to the API server that a kubeconfig with a client certificate names. */
import { KubejoinError } from '../errors.ts';
import { openChannel, type VerifiedChannel } from '../rpc/channel.ts';
import { parseKubeconfig } from './kubeconfig.ts';
import { checkKeyMaterial, currentCluster, currentUser } from './kubeconfig-access.ts';

/** The CA of the current cluster in PEM. @throws KUBECONFIG_INVALID */
export const clusterCaOf = ({ path, contents }: { readonly path: string; readonly contents: string }): string =>
	currentCluster(parseKubeconfig(contents, path), path).ca ?? '';

/**
 * A channel to the API server of a kubeconfig, with the client certificate of its user.
 *
 * @throws KUBECONFIG_INVALID  also when the server would not be verified or the user has no certificate
 */
export function openApiChannel(
	{ path, contents }: { readonly path: string; readonly contents: string },
	userAgent?: string,
): VerifiedChannel {
	const config = parseKubeconfig(contents, path);
	const cluster = currentCluster(config, path);
	const user = currentUser(config, path);
	const { endpoint, ca, isUnverified, tlsServerName } = cluster;
	const { certificate, key } = user;
	const refuse = (problem: string): never => {
		throw new KubejoinError('KUBECONFIG_INVALID', { path, problem, remedy: `Replace ${path} by a fresh kubeconfig` });
	};
	if (ca === undefined || isUnverified) return refuse('it names no CA to verify the API server with');
	if (certificate === undefined || key === undefined) return refuse('its user has no client certificate');
	checkKeyMaterial(cluster, user, path);
	return openChannel(endpoint, {
		ca,
		cert: certificate,
		key,
		serverName: tlsServerName,
		userAgent,
	});
}
