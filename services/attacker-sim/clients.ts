/**
 * The attacker's calls to the mesh. Each verifies the server with the given CA and the name of the service, so that
 * nothing is sent to a server outside the mesh.
 */

import { lookup } from 'node:dns/promises';
import { type ApiClient, apiClient } from '../../lib/kube/client.ts';
import type { Pem } from '../../lib/pki/pem.ts';
import { call, openChannel, withBearerToken } from '../../lib/rpc/channel.ts';
import { contractOf } from '../../lib/rpc/contracts.ts';
import type { Identity } from './certificates.ts';
import type { MeshService, Resolve } from './guard-rails.ts';

export interface ApiConnection {
	readonly api: ApiClient;
	readonly close: () => void;
}
/** The credential of a call: none, a token, or a certificate. */
export type Shown = { readonly token?: string } | Identity;

/** Errors of PEM and TLS are thrown when the connection is opened or at the first call. */
export function openApi(target: string, ca: string, shown: Shown = {}): ApiConnection {
	const channel = openChannel(target, { ca, serverName: 'apiserver-sim', ...('cert' in shown ? shown : {}) });
	const { token } = 'cert' in shown ? {} : shown;
	return { api: apiClient(token === undefined ? channel : withBearerToken(channel, token)), close: channel.close };
}

/** Use a connection and close it. */
export async function withApi<T>(connection: ApiConnection, use: (api: ApiClient) => Promise<T>): Promise<T> {
	try {
		return await use(connection.api);
	} finally {
		connection.close();
	}
}

export interface ServiceCall {
	readonly service: MeshService;
	readonly target: string;
	readonly ca: Pem;
	readonly identity: Identity;
	/** Of proto/kubejoin, without the package. */
	readonly contract: string;
	readonly method: string;
	readonly request: object;
}

export async function callAs({
	service,
	target,
	ca,
	identity,
	contract,
	method,
	request,
}: ServiceCall): Promise<object> {
	const channel = openChannel(target, { ca, serverName: service, ...identity });
	try {
		return await call<object, object>(channel, contract, method, request);
	} finally {
		channel.close();
	}
}

/** Whether proto/kubejoin has the method, and it is unary. */
export function isUnary(contract: string, method: string): boolean {
	try {
		// The names that every object inherits, such as toString, have no such field.
		const definition = contractOf(contract)[method];
		return definition?.requestStream === false && !definition.responseStream;
	} catch {
		return false;
	}
}

export const resolveHost: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);
