/**
 * The limits of the attacker. It connects only to the mesh of this project, on this machine or in its containers, and
 * only to a server with a certificate of the given CA for `apiserver-sim`, a name that no real API server has. It
 * listens only on loopback, or in the private network of its containers.
 */
import { BlockList } from 'node:net';
import { ipVersion, splitHostPort } from '../../lib/address.ts';
import { causeText, hasCode, KubejoinError } from '../../lib/errors.ts';

/** Resolves a host to its addresses. */
export type Resolve = (host: string) => Promise<readonly string[]>;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** The networks of container engines. @source RFC 1918, RFC 4193 */
const containers = new BlockList();
containers.addSubnet('10.0.0.0', 8, 'ipv4');
containers.addSubnet('172.16.0.0', 12, 'ipv4');
containers.addSubnet('192.168.0.0', 16, 'ipv4');
containers.addSubnet('fd00::', 8, 'ipv6');

const isIn = (list: BlockList, address: string): boolean =>
	list.check(address, ipVersion(address) === 6 ? 'ipv6' : 'ipv4');
const isLoopback = (address: string): boolean => isIn(loopback, address);
const isNear = (address: string): boolean => isLoopback(address) || isIn(containers, address);

export const meshServices = ['apiserver-sim', 'ca-service', 'token-store'] as const;
export type MeshService = (typeof meshServices)[number];

/**
 * Requires an address of this machine or of a container. The server is verified separately.
 *
 * @param service  the only allowed host name
 * @throws ATTACK_NOT_ALLOWED
 */
export async function requireNearTarget(target: string, service: MeshService, resolve: Resolve): Promise<void> {
	const host = splitHostPort(target)?.host;
	if (host === undefined) return refuse(`${JSON.stringify(target)} is not HOST:PORT`);
	if (ipVersion(host) === 0 && host !== 'localhost' && host !== service) {
		return refuse(`${host} is not this machine, ${service}, or the private address of a container`);
	}
	const addresses =
		ipVersion(host) === 0
			? await resolve(host).catch((error: unknown) => refuse(`${host} has no address: ${causeText(error)}`))
			: [host];
	const far = addresses.find((address) => !isNear(address));
	if (far !== undefined)
		refuse(
			`${far === host ? far : `${host} is at ${far}, which`} is not this machine or the private address of a container`,
		);
}

/**
 * Requires a listen address that is loopback or a private address of this machine.
 *
 * @param own  the addresses of this machine
 * @throws ATTACK_NOT_ALLOWED
 */
export function requireOwnAddress(address: string, own: readonly string[]): void {
	if (ipVersion(address) === 0) refuse(`${JSON.stringify(address)} is not an IP address to listen on`);
	if (isLoopback(address) || (isNear(address) && own.includes(address))) return;
	refuse(`${address} is not loopback or a private address of this machine: other machines could reach the attacker`);
}

/**
 * Requires, before the attack starts, that the target implements apiserver-sim and has a certificate of the given CA.
 *
 * @param ask  reads cluster-info anonymously over a verified connection
 * @throws ATTACK_NOT_ALLOWED
 */
export async function requireProof(target: string, ask: () => Promise<unknown>): Promise<void> {
	try {
		await ask();
	} catch (error) {
		// A refusal of the API is the answer of an apiserver-sim with a valid certificate.
		if (hasCode(error, 'API_FORBIDDEN', 'API_UNAUTHORIZED', 'API_NOT_FOUND')) return;
		refuse(`${target} is not an apiserver-sim with a certificate of this cluster CA: ${causeText(error)}`);
	}
}

function refuse(problem: string): never {
	throw new KubejoinError('ATTACK_NOT_ALLOWED', { problem });
}
