/** Verified connections to the API server with the credentials of the kubeconfig: gRPC, and HTTPS for `/version`. */
import { get } from 'node:https';
import { splitHostPort } from '../../lib/address.ts';
import { causeText, grpcCode, KubejoinError } from '../../lib/errors.ts';
import { type ApiClient, apiClient } from '../../lib/kube/client.ts';
import { checkKeyMaterial } from '../../lib/kube/kubeconfig-access.ts';
import { kubernetesVersion, type VersionInfo } from '../../lib/kube/version.ts';
import { limits } from '../../lib/limits.ts';
import { withDates } from '../../lib/rpc/certificate-dates.ts';
import { openChannel, type VerifiedChannel, withBearerToken } from '../../lib/rpc/channel.ts';
import { transportError } from '../../lib/rpc/transport-errors.ts';
import { nameChecked, sniOf, trustAnchors } from '../../lib/rpc/verify-server.ts';
import type { Access } from './access.ts';

export interface Connection {
	readonly api: ApiClient;
	readonly fetchVersion: () => Promise<VersionInfo>;
	readonly close: () => void;
}

/** @throws KUBECONFIG_INVALID  unusable CA, certificate or key */
export function openConnection(access: Access): Connection {
	const channel = openVerified(access);
	const { token } = access.user;
	const shown = token === undefined ? channel : withBearerToken(channel, token);
	return { api: apiClient(shown), fetchVersion: () => fetchVersion(access), close: channel.close };
}

function openVerified(access: Access): VerifiedChannel {
	const { path, endpoint, ca, tlsServerName, user } = access;
	checkKeyMaterial({ ca }, user, path);
	try {
		return openChannel(endpoint, {
			ca,
			userAgent: `kubectl/${kubernetesVersion.gitVersion}`,
			...credentialsOf(access),
			serverName: tlsServerName,
		});
	} catch (error) {
		const remedy = `Replace the certificates and the key in ${path}`;
		throw new KubejoinError(
			'KUBECONFIG_INVALID',
			{ path, problem: causeText(error), remedy, isRead: true },
			{ cause: error },
		);
	}
}

const credentialsOf = ({ user: { certificate, key } }: Access) =>
	certificate === undefined || key === undefined ? {} : { cert: certificate, key };

const VERSION_TIMEOUT_MS = 10_000;

/** @throws API_UNAUTHORIZED; the transport errors of gRPC @differs kubectl sends every request over HTTPS */
function fetchVersion(access: Access): Promise<VersionInfo> {
	const { server, endpoint, ca, tlsServerName, user } = access;
	const host = tlsServerName ?? splitHostPort(endpoint)?.host ?? endpoint;
	const options = {
		...trustAnchors(ca),
		...credentialsOf(access),
		agent: false,
		servername: sniOf(host),
		...nameChecked(host),
		headers: user.token === undefined ? {} : { authorization: `Bearer ${user.token}` },
		signal: AbortSignal.timeout(VERSION_TIMEOUT_MS),
	};
	const call = { target: endpoint, method: 'GET /version', deadlineMs: VERSION_TIMEOUT_MS };
	return new Promise((resolve, reject) => {
		const fail = (error: Error) => {
			const code =
				error.name === 'AbortError' || error.name === 'TimeoutError'
					? grpcCode.DEADLINE_EXCEEDED
					: grpcCode.UNAVAILABLE;
			const known =
				error instanceof KubejoinError ? error : transportError({ code, details: error.message, dial: 'failed' }, call);
			void withDates(known, host).then(reject);
		};
		get(new URL('/version', server), options, async (response) => {
			try {
				const body = await readText(response);
				if (response.statusCode === 401) throw new KubejoinError('API_UNAUTHORIZED', {});
				if (response.statusCode !== 200) throw new Error(`GET /version was answered with ${response.statusCode}`);
				resolve(JSON.parse(body) as VersionInfo);
			} catch (error) {
				fail(error as Error);
			}
		}).on('error', fail);
	});
}

/** Of any server: the user may have named a wrong one. */
export async function readText(chunks: AsyncIterable<Buffer>): Promise<string> {
	const { value: most } = limits.versionAnswerBytes;
	const read: Buffer[] = [];
	let bytes = 0;
	for await (const chunk of chunks) {
		bytes += chunk.length;
		if (bytes > most) throw new Error(`the response to GET /version is longer than ${most} bytes`);
		read.push(chunk);
	}
	return Buffer.concat(read).toString();
}
