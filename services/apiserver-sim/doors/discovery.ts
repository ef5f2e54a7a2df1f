/**
 * Which groups, versions, resources and verbs the server offers, in the two forms that clients read: one document for
 * each group version, and all of them in one.
 *
 * @source apiserver/pkg/endpoints/discovery, apiserver/pkg/endpoints/installer.go, release 1.37; the recorded documents
 */
import { createHash } from 'node:crypto';
import { type ApiResource, type ApiSubresource, apiVersionOf } from '../../../lib/kube/resources.ts';

/** One resource, and the verbs of it and of its subresources that have an endpoint. */
export type ServedResource = Pick<
	ApiResource,
	'group' | 'version' | 'resource' | 'singular' | 'kind' | 'namespaced' | 'shortNames' | 'categories' | 'verbs'
> & { readonly subresources: readonly ApiSubresource[] };

export interface DiscoveryDocument {
	/** The object, in the order of upstream's fields. */
	readonly object: object;
	/** Of the aggregated form; absent: plain JSON or protobuf, as negotiated. */
	readonly contentType?: string;
	/** Quoted, of the aggregated form. */
	readonly etag?: string;
}

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
/** Kinds whose hash is not in the document: nothing of them is stored. */
const isStored = ({ verbs }: Pick<ServedResource, 'verbs'>): boolean => verbs.includes('list');
const byName = <T>(list: readonly T[], name: (one: T) => string): T[] =>
	list.toSorted((a, b) => (name(a) < name(b) ? -1 : 1));
const filled = <T>(list: readonly T[]): readonly T[] | undefined => (list.length === 0 ? undefined : list);

export class Discovery {
	readonly #groups: ReadonlyMap<string, ServedResource[]>;
	readonly #address: string;
	readonly #aggregated = new Map<string, DiscoveryDocument>();

	/**
	 * @param resources  the groups keep the order of this list
	 * @param address    HOST:PORT that is advertised to clients
	 */
	constructor(resources: readonly ServedResource[], address: string) {
		const groups = new Map<string, ServedResource[]>();
		for (const row of resources) groups.set(row.group, [...(groups.get(row.group) ?? []), sortedSubresources(row)]);
		for (const [group, rows] of groups)
			groups.set(
				group,
				byName(rows, ({ resource }) => resource),
			);
		this.#groups = groups;
		this.#address = address;
	}

	/**
	 * @param path        decoded, for example `/apis/rbac.authorization.k8s.io/v1`, also with a slash at its end
	 * @param aggregated  the caller prefers the aggregated form
	 * @returns undefined for a path that is no discovery document
	 */
	documentAt(path: string, aggregated: boolean): DiscoveryDocument | undefined {
		const [, root = '', group, version, ...more] = path.replace(/\/$/, '').split('/');
		if (root === 'api' && version === undefined) {
			if (group === undefined) return aggregated ? this.#allOf('api') : { object: this.#coreVersions() };
			return this.#resourceList('', group);
		}
		if (root !== 'apis' || more.length > 0) return undefined;
		if (group === undefined) return aggregated ? this.#allOf('apis') : { object: this.#groupList() };
		if (group === '' || !this.#groups.has(group)) return undefined;
		if (version === undefined) return { object: { kind: 'APIGroup', apiVersion: 'v1', ...this.#group(group) } };
		return this.#resourceList(group, version);
	}

	#coreVersions(): object {
		return {
			kind: 'APIVersions',
			versions: this.#versionsOf(''),
			serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: this.#address }],
		};
	}

	#groupList(): object {
		const groups = this.#namedGroups().map((group) => this.#group(group));
		return { kind: 'APIGroupList', apiVersion: 'v1', groups };
	}

	#group(name: string): object {
		const versions = this.#versionsOf(name).map((version) => ({ groupVersion: `${name}/${version}`, version }));
		return { name, versions, preferredVersion: versions[0] };
	}

	#resourceList(group: string, version: string): DiscoveryDocument | undefined {
		const rows = this.#rowsOf(group, version);
		if (rows.length === 0) return undefined;
		const resources = rows.flatMap((row) => [listedResource(row), ...row.subresources.map((sub) => listed(row, sub))]);
		const typeMeta = { kind: 'APIResourceList', ...(group === '' ? {} : { apiVersion: 'v1' }) };
		return { object: { ...typeMeta, groupVersion: apiVersionOf({ group, version }), resources } };
	}

	#allOf(root: 'api' | 'apis'): DiscoveryDocument {
		const found = this.#aggregated.get(root);
		if (found !== undefined) return found;
		const items = (root === 'api' ? [''] : this.#namedGroups()).map((group) => ({
			metadata: group === '' ? {} : { name: group },
			versions: this.#versionsOf(group).map((version) => ({
				version,
				resources: this.#rowsOf(group, version).map(aggregatedResource),
				freshness: 'Current',
			})),
		}));
		const object = { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
		const hash = createHash('sha512').update(JSON.stringify(object)).digest('hex').toUpperCase();
		const document = { object, contentType: AGGREGATED, etag: `"${hash}"` };
		this.#aggregated.set(root, document);
		return document;
	}

	#namedGroups(): string[] {
		return [...this.#groups.keys()].filter((group) => group !== '');
	}
	#versionsOf(group: string): string[] {
		return [...new Set(this.#groups.get(group)?.map(({ version }) => version))];
	}
	#rowsOf(group: string, version: string): ServedResource[] {
		return (this.#groups.get(group) ?? []).filter((row) => row.version === version);
	}
}

const sortedSubresources = (row: ServedResource): ServedResource => ({
	...row,
	subresources: byName(row.subresources, ({ name }) => name),
});

function listedResource(row: ServedResource): object {
	const { resource, singular, namespaced, kind, verbs, shortNames, categories } = row;
	return {
		name: resource,
		singularName: singular,
		namespaced,
		kind,
		verbs,
		shortNames: filled(shortNames),
		categories: filled(categories),
		storageVersionHash: isStored(row) ? storageVersionHash({ ...row, ...storageVersions[row.resource] }) : undefined,
	};
}

function listed({ resource, namespaced, kind: kindOfResource }: ServedResource, subresource: ApiSubresource): object {
	const { name, verbs, group, version, kind = kindOfResource } = subresource;
	return { name: `${resource}/${name}`, singularName: '', namespaced, group, version, kind, verbs };
}

function aggregatedResource(row: ServedResource): object {
	const { resource, singular, namespaced, kind, verbs, shortNames, categories, subresources } = row;
	const aggregatedSubresources = subresources.map(({ name, verbs, group = '', version = '', kind: own = kind }) => ({
		subresource: name,
		responseKind: { group, version, kind: own },
		verbs,
	}));
	return {
		resource,
		// Empty as upstream: it is the group and version that the resource is listed under.
		responseKind: { group: '', version: '', kind },
		scope: namespaced ? 'Namespaced' : 'Cluster',
		singularResource: singular,
		verbs,
		shortNames: filled(shortNames),
		categories: filled(categories),
		subresources: filled(aggregatedSubresources),
	};
}

/** @source apiserver/pkg/endpoints/discovery/storageversionhash.go */
function storageVersionHash({ group, version, kind }: Pick<ServedResource, 'group' | 'version' | 'kind'>): string {
	return createHash('sha256').update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString('base64');
}

/** Where upstream stores objects in another version, for older servers, or in the group of another resource. */
const storageVersions: Readonly<Record<string, { readonly group?: string; readonly version: string }>> = {
	clustertrustbundles: { version: 'v1beta1' },
	events: { group: '', version: 'v1' },
};
