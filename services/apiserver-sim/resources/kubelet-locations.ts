/**
 * Where the kubelet of a Node answers: its address and port as the Node reports them.
 *
 * @source pkg/kubelet/client/kubelet_client.go NodeConnectionInfoGetter; pkg/registry/core/node/strategy.go
 *   ResourceLocation; pkg/util/node GetPreferredNodeAddress
 * @differs the log of a pod is read from the addresses that `nodes/proxy` reaches, and from no other: upstream refuses
 *   an address for `nodes/proxy` alone
 */
import { ipVersion, isGlobalUnicast, isLoopback, joinHostPort } from '../../../lib/address.ts';
import { KubejoinError } from '../../../lib/errors.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { Node } from '../../../lib/kube/types.ts';
import { quotedInput } from '../authorize/go-text.ts';
import type { ApiRequest, KubeletLocation, ResourceStorage } from '../request/api-request.ts';
import type { ObjectReader } from '../request/object-reader.ts';

export interface KubeletLocationsOptions {
	readonly objects: ObjectReader;
	/** The IP addresses of a host name. */
	readonly lookup: (host: string) => Promise<readonly string[]>;
	/** Whether a Node can be on the machine of the API server, at a loopback address. */
	readonly allowsLoopback: boolean;
}

/** Where a kubelet answers, without a path. */
export type KubeletAddress = Pick<KubeletLocation, 'scheme' | 'host' | 'port' | 'isKubelet'>;

/** As the Node states them: any address, and any port. */
interface Reported {
	readonly host: string;
	readonly port: number;
}

export class KubeletLocations {
	readonly #options: KubeletLocationsOptions;

	constructor(options: KubeletLocationsOptions) {
		this.#options = options;
	}

	/** @throws API_NOT_FOUND, API_KUBELET_UNAVAILABLE, API_BAD_REQUEST  no Node has such an address */
	async ofNode(name: string): Promise<KubeletAddress> {
		return this.#kubelet(await this.#reported(name));
	}

	/**
	 * The target of a proxied request.
	 *
	 * @param id  `NODE`, `NODE:PORT` or `SCHEME:NODE:PORT`
	 * @throws API_BAD_REQUEST  the id is malformed, or the address is one that no Node has
	 */
	async ofProxy(id: string): Promise<KubeletAddress> {
		const wanted = splitSchemeNamePort(id);
		if (wanted === undefined) throw refused(`invalid node request ${quotedInput(id)}`);
		const { scheme = 'http', name, port } = wanted;
		const kubelet = await this.#reported(name);
		if (port === undefined || port === kubelet.port) return this.#kubelet(kubelet);
		return { scheme, host: await this.#proxyable(kubelet.host, false), port, isKubelet: false };
	}

	/** @throws API_NOT_FOUND, API_KUBELET_UNAVAILABLE  the Node reports no address */
	async #reported(name: string): Promise<Reported> {
		const node = await this.#options.objects.get<Node>(resources.nodes, '', name);
		if (node === undefined) throw new KubejoinError('API_NOT_FOUND', { resource: 'nodes', group: '', name });
		const { addresses = [], daemonEndpoints } = node.status ?? {};
		const port = daemonEndpoints?.kubeletEndpoint?.Port ?? 0;
		return { host: preferred(addresses), port: port > 0 ? port : DEFAULT_PORT };
	}

	async #kubelet({ host, port }: Reported): Promise<KubeletAddress> {
		return { scheme: 'https', host: await this.#proxyable(host, true), port, isKubelet: true };
	}

	/**
	 * The address that is dialled: a second lookup could give another one.
	 *
	 * @source pkg/registry/core/node/strategy.go isProxyableHostname
	 */
	async #proxyable(host: string, isKubelet: boolean): Promise<string> {
		const { lookup, allowsLoopback } = this.#options;
		const found = ipVersion(host) === 0 ? await lookup(host).catch(() => []) : [host];
		const [first] = found;
		if (first === undefined) throw refused('no addresses for hostname');
		const isAllowed = (address: string) =>
			isGlobalUnicast(address) || (allowsLoopback && isKubelet && isLoopback(address));
		if (!found.every(isAllowed)) throw refused('address not allowed');
		return first;
	}
}

/** @source pkg/cluster/ports KubeletPort */
const DEFAULT_PORT = 10_250;
/** @source kubeadm --kubelet-preferred-address-types */
const preferredTypes = ['InternalIP', 'ExternalIP', 'Hostname'];

type Addresses = readonly { readonly type?: string; readonly address?: string }[];

/** @throws API_KUBELET_UNAVAILABLE */
function preferred(addresses: Addresses): string {
	for (const type of preferredTypes) {
		const found = addresses.find((one) => one.type === type && one.address);
		if (found?.address !== undefined) return found.address;
	}
	const known = addresses.map(({ type = '', address = '' }) => `{${type} ${address}}`).join(' ');
	throw new KubejoinError('API_KUBELET_UNAVAILABLE', {
		problem: `no preferred addresses found; known addresses: [${known}]`,
	});
}

interface WantedNode {
	readonly scheme?: 'http' | 'https';
	readonly name: string;
	readonly port?: number;
}

/** @source apimachinery/pkg/util/net SplitSchemeNamePort */
function splitSchemeNamePort(id: string): WantedNode | undefined {
	const [, scheme = '', name = '', port = ''] = /^(?:(https?|):(?=[^:]*:))?([^:]+)(?::([^:]*))?$/.exec(id) ?? [];
	if (name === '') return undefined;
	if (port !== '' && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= MAX_PORT)) return undefined;
	return {
		name,
		...(scheme === 'http' || scheme === 'https' ? { scheme } : {}),
		...(port === '' ? {} : { port: Number(port) }),
	};
}
const MAX_PORT = 65_535;

const refused = (problem: string) => new KubejoinError('API_BAD_REQUEST', { problem });

/** Nodes, with `proxy`: the path below it is requested from the kubelet. */
export const withProxy = (stored: ResourceStorage, locations: KubeletLocations): ResourceStorage => ({
	...stored,
	subresources: [...stored.subresources, 'proxy'],
	async connect({ name, parts }: ApiRequest) {
		const path = parts.slice(3).map((segment) => `/${encodeSegment(segment)}`);
		return { ...(await locations.ofProxy(name)), path: path.join('') };
	},
});

const encodeSegment = (segment: string): string =>
	encodeURIComponent(segment).replace(/%(?:24|26|2B|2C|3A|3B|3D|40)/g, (code) => decodeURIComponent(code));

export const urlOf = ({ scheme, host, port, path }: KubeletLocation): string =>
	`${scheme}://${joinHostPort(host, port)}${path}`;
