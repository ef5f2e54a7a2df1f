/** The way to the API server that a kubeconfig with a client certificate names. */
import { KubejoinError } from '../errors.ts';
import { currentCluster, currentUser, parseKubeconfig } from '../kube/kubeconfig.ts';
import { openChannel, type VerifiedChannel } from './channel.ts';

/**
 * A channel to the API server of a kubeconfig, with the client certificate of its user.
 *
 * @throws KUBECONFIG_INVALID  also when the server would not be verified or the user has no certificate
 */
export function openApiChannel({
	path,
	contents,
}: {
	readonly path: string;
	readonly contents: string;
}): VerifiedChannel {
	const config = parseKubeconfig(contents, path);
	const { server, ca, isUnverified, tlsServerName } = currentCluster(config, path);
	const { certificate, key } = currentUser(config, path);
	if (ca === undefined || isUnverified)
		throw new KubejoinError('KUBECONFIG_INVALID', { path, problem: 'it names no CA to verify the API server with' });
	if (certificate === undefined || key === undefined)
		throw new KubejoinError('KUBECONFIG_INVALID', { path, problem: 'its user has no client certificate' });
	const { hostname, port } = new URL(server);
	return openChannel(`${hostname}:${port || 443}`, {
		ca,
		cert: certificate,
		key,
		...(tlsServerName === undefined ? {} : { serverName: tlsServerName }),
	});
}
