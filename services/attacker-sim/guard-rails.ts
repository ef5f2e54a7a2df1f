/**
 * What the attacker never does. It dials the mesh of this project and nothing else: on this machine, or in its containers, and only a server
 * that proves itself with a certificate of the given CA under the name `apiserver-sim`, which no real API server has. It listens where only
 * this machine, or the private network of its containers, can reach it.
 */
import { BlockList, isIP } from 'node:net';
import { splitHostPort } from '../../lib/address.ts';
import { causeText, hasCode, KubejoinError } from '../../lib/errors.ts';

/** A host as the addresses that it has. */
export type Resolve = (host: string) => Promise<readonly string[]>;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** @source RFC 1918, RFC 4193: where container engines put their networks */
const containers = new BlockList();
containers.addSubnet('10.0.0.0', 8, 'ipv4');
containers.addSubnet('172.16.0.0', 12, 'ipv4');
containers.addSubnet('192.168.0.0', 16, 'ipv4');
containers.addSubnet('fd00::', 8, 'ipv6');

const isIn = (list: BlockList, address: string): boolean => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
const isLoopback = (address: string): boolean => isIn(loopback, address);
const isNear = (address: string): boolean => isLoopback(address) || isIn(containers, address);

export const meshServices = ['apiserver-sim', 'ca-service', 'token-store'] as const;
export type MeshService = (typeof meshServices)[number];

/**
 * The target is a place where the mesh can be. Who answers there has to prove itself besides.
 *
 * @param service  the one whose name is allowed
 * @throws ATTACK_NOT_ALLOWED
 */
export async function requireNearTarget(target: string, service: MeshService, resolve: Resolve): Promise<void> {
	const host = splitHostPort(target)?.host;
	if (host === undefined) return refuse(`${JSON.stringify(target)} is not HOST:PORT`);
	if (isIP(host) === 0 && host !== 'localhost' && host !== service) {
		return refuse(`${host} is neither this machine nor ${service} nor the private address of a container`);
	}
	const addresses =
		isIP(host) === 0
			? await resolve(host).catch((error: unknown) => refuse(`${host} has no address: ${causeText(error)}`))
			: [host];
	const far = addresses.find((address) => !isNear(address));
	if (far !== undefined)
		refuse(
			`${far === host ? far : `${host} is at ${far}, which`} is neither this machine nor the private address of a container`,
		);
}

/**
 * The address to listen on is loopback, or one that this machine has in a private network; never all of them.
 *
 * @param own  the addresses of this machine
 * @throws ATTACK_NOT_ALLOWED
 */
export function requireOwnAddress(address: string, own: readonly string[]): void {
	if (isIP(address) === 0) refuse(`${JSON.stringify(address)} is not an IP address to listen on`);
	if (isLoopback(address) || (isNear(address) && own.includes(address))) return;
	refuse(
		`${address} is neither loopback nor a private address of this machine, so others could reach the attacker there`,
	);
}

/**
 * Before anything is played: the target speaks the contract of apiserver-sim and shows a certificate of the CA that was given.
 *
 * @param ask  reads cluster-info from it, anonymously, over a verified connection
 * @throws ATTACK_NOT_ALLOWED
 */
export async function requireProof(target: string, ask: () => Promise<unknown>): Promise<void> {
	try {
		await ask();
	} catch (error) {
		// A refusal in the words of the API came from an apiserver-sim whose certificate was good.
		if (hasCode(error, 'API_FORBIDDEN', 'API_UNAUTHORIZED', 'API_NOT_FOUND')) return;
		refuse(`${target} has not proved that it is an apiserver-sim of this cluster CA: ${causeText(error)}`);
	}
}

function refuse(problem: string): never {
	throw new KubejoinError('ATTACK_NOT_ALLOWED', { problem });
}
