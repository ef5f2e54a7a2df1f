/** Connections to the API server over gRPC. Only a verified connection accepts a token or a certificate. */
import { apiClient } from '../../lib/kube/client.ts';
import { kubernetesVersion } from '../../lib/kube/version.ts';
import { type Channel, openChannel, withBearerToken } from '../../lib/rpc/channel.ts';
import { openUnverifiedChannel } from '../../lib/rpc/unverified-channel.ts';
import type { ApiConnection, Dial } from './join/join-context.ts';
import type { TrustedServer } from './trust.ts';

const connection = (channel: Channel): ApiConnection => ({ api: apiClient(channel), close: channel.close });
const tlsOf = ({ ca, tlsServerName }: TrustedServer) => ({
	ca,
	userAgent: `kubelet/${kubernetesVersion.gitVersion}`,
	...(tlsServerName === undefined ? {} : { serverName: tlsServerName }),
});

export const dial: Dial = {
	unverified: (endpoint) => connection(openUnverifiedChannel(endpoint)),
	verified: (endpoint, ca, serverName) =>
		connection(openChannel(endpoint, { ca, ...(serverName === undefined ? {} : { serverName }) })),
	withCredential: (server, credential) =>
		connection(
			'token' in credential
				? withBearerToken(openChannel(server.target, tlsOf(server)), credential.token)
				: openChannel(server.target, { ...tlsOf(server), cert: credential.certificate, key: credential.key }),
		),
	asNode: (server, { certificate: cert, key }) =>
		connection(openChannel(server.target, { ...tlsOf(server), cert, key })),
};
