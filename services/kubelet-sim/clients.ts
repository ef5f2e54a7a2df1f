/**
 * Connections to the API server over gRPC. Only a verified connection accepts a token or a certificate. Verified
 * connections to one server with one identity are one connection: a handshake costs more than the calls of a join.
 */
import { apiClient } from '../../lib/kube/client.ts';
import { kubernetesVersion } from '../../lib/kube/version.ts';
import {
	type Channel,
	openChannel,
	type VerifiedChannel,
	type VerifiedTls,
	withBearerToken,
} from '../../lib/rpc/channel.ts';
import { openUnverifiedChannel } from '../../lib/rpc/unverified-channel.ts';
import type { ApiConnection, Dial } from './join/join-context.ts';
import type { TrustedServer } from './trust.ts';

interface Shared {
	readonly channel: VerifiedChannel;
	users: number;
}

/** The connections of one node. An unverified connection is never used again. */
export function createDial(): Dial {
	const connections = new Connections();
	return {
		unverified: (endpoint) => unshared(openUnverifiedChannel(endpoint)),
		verified: (endpoint, ca, tlsServerName) =>
			connections.use(endpoint, tlsOf(tlsServerName === undefined ? { ca } : { ca, tlsServerName })),
		withCredential: (server, credential) =>
			'token' in credential
				? connections.use(server.target, tlsOf(server), (channel) => withBearerToken(channel, credential.token))
				: connections.use(server.target, { ...tlsOf(server), cert: credential.certificate, key: credential.key }),
		asNode: (server, { certificate: cert, key }) => connections.use(server.target, { ...tlsOf(server), cert, key }),
		keepOpen: () => connections.keepOpen(),
	};
}

const unshared = (channel: Channel): ApiConnection => ({ api: apiClient(channel), close: channel.close });
const tlsOf = ({ ca, tlsServerName }: Pick<TrustedServer, 'ca' | 'tlsServerName'>): VerifiedTls => ({
	ca,
	userAgent: `kubelet/${kubernetesVersion.gitVersion}`,
	serverName: tlsServerName,
});

class Connections {
	readonly #open = new Map<string, Shared>();
	readonly #keepers = new Set<symbol>();

	use(
		target: string,
		tls: VerifiedTls,
		credentials: (channel: VerifiedChannel) => VerifiedChannel = (channel) => channel,
	): ApiConnection {
		const key = [target, tls.serverName ?? '', tls.ca, tls.cert ?? ''].join('\n');
		const shared = this.#open.get(key) ?? { channel: openChannel(target, tls), users: 0 };
		this.#open.set(key, shared);
		shared.users++;
		let isUsed = true;
		return {
			api: apiClient(credentials(shared.channel)),
			close: () => {
				if (!isUsed) return;
				isUsed = false;
				shared.users--;
				this.#closeUnused();
			},
		};
	}

	keepOpen(): () => void {
		const keeper = Symbol('keeper');
		this.#keepers.add(keeper);
		return () => {
			this.#keepers.delete(keeper);
			this.#closeUnused();
		};
	}

	#closeUnused(): void {
		if (this.#keepers.size > 0) return;
		for (const [key, { channel, users }] of this.#open) {
			if (users > 0) continue;
			this.#open.delete(key);
			channel.close();
		}
	}
}
