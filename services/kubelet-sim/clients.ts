/**
 * Connections to the API server over gRPC. Only a verified connection accepts a token or a certificate. Verified
 * connections to one server with one identity are one connection: a handshake costs more than the calls of a join.
 */
import type { SecureContext } from 'node:tls';
import { apiClientWithoutManagedFields } from '../../lib/kube/client.ts';
import { kubernetesVersion } from '../../lib/kube/version.ts';
import {
	type Channel,
	openChannel,
	sharedContexts,
	type VerifiedChannel,
	type VerifiedTls,
	withBearerToken,
} from '../../lib/rpc/channel.ts';
import { openUnverifiedChannel, unverifiedContext } from '../../lib/rpc/unverified-channel.ts';
import type { ApiConnection, Dial } from './join/join-context.ts';
import type { TrustedServer } from './trust.ts';

type Open = (target: string, tls: VerifiedTls) => VerifiedChannel;

/** @returns  creates the connections of each node of a process */
export function createDials(): () => Dial {
	const contextOf = sharedContexts();
	const unverified = unverifiedContext();
	return () => dialWith((target, tls) => openChannel(target, tls, contextOf), unverified);
}

/** The connections of one node. An unverified connection is never used again. */
export const createDial = (): Dial => createDials()();

function dialWith(open: Open, unverified: SecureContext): Dial {
	const connections = new Connections(open);
	return {
		unverified: (endpoint) => unshared(openUnverifiedChannel(endpoint, unverified)),
		verified: (endpoint, ca, tlsServerName) =>
			connections.use(endpoint, tlsOf(tlsServerName === undefined ? { ca } : { ca, tlsServerName })),
		withCredential: (server, credential) => {
			const own = 'certificate' in credential ? { cert: credential.certificate, key: credential.key } : {};
			const { token } = credential;
			return connections.use(server.target, { ...tlsOf(server), ...own }, (channel) =>
				token === undefined ? channel : withBearerToken(channel, token),
			);
		},
		asNode: (server, { certificate: cert, key }) => connections.use(server.target, { ...tlsOf(server), cert, key }),
		keepOpen: () => connections.keepOpen(),
	};
}

const unshared = (channel: Channel): ApiConnection => ({
	api: apiClientWithoutManagedFields(channel),
	close: channel.close,
});
const tlsOf = ({ ca, tlsServerName }: Pick<TrustedServer, 'ca' | 'tlsServerName'>): VerifiedTls => ({
	ca,
	userAgent: `kubelet/${kubernetesVersion.gitVersion}`,
	serverName: tlsServerName,
});

interface Shared {
	readonly channel: VerifiedChannel;
	readonly tls: VerifiedTls;
	users: number;
}

const isSame = (one: VerifiedTls, other: VerifiedTls): boolean =>
	one.serverName === other.serverName && one.ca === other.ca && one.cert === other.cert;

class Connections {
	readonly #newChannel: Open;
	readonly #open = new Set<Shared>();
	readonly #keepers = new Set<symbol>();

	constructor(newChannel: Open) {
		this.#newChannel = newChannel;
	}

	use(
		target: string,
		tls: VerifiedTls,
		credentials: (channel: VerifiedChannel) => VerifiedChannel = (channel) => channel,
	): ApiConnection {
		const known = [...this.#open].find((one) => one.channel.target === target && isSame(one.tls, tls));
		const shared = known ?? { channel: this.#newChannel(target, tls), tls, users: 0 };
		this.#open.add(shared);
		shared.users++;
		let isUsed = true;
		return {
			api: apiClientWithoutManagedFields(credentials(shared.channel)),
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
		for (const unused of this.#open) {
			if (unused.users > 0) continue;
			this.#open.delete(unused);
			unused.channel.close();
		}
	}
}
