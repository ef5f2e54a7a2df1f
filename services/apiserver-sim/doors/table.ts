/**
 * An answer as a Table, or as the metadata of its objects alone.
 * @source apiserver/pkg/endpoints/handlers/response.go
 */
import { KubejoinError } from '../../../lib/errors.ts';
import { type IncludeObject, partialObjectMetadata, tableOf } from '../../../lib/kube/columns/table.ts';
import { invalid } from '../../../lib/kube/object-meta.ts';
import type { ApiResource } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { ObjectList } from '../request/api-request.ts';
import { listMeta } from '../status.ts';
import type { Conversion, Negotiated } from './negotiate.ts';

/** Of `?includeObject=`. @throws API_BAD_REQUEST */
export function includeObjectOf(query: URLSearchParams): IncludeObject {
	const text = query.get('includeObject') || 'Metadata';
	if (text === 'None' || text === 'Metadata' || text === 'Object') return text;
	const { field, message } = invalid('includeObject', text, "must be 'Metadata', 'Object', 'None', or empty");
	const problem = `Unable to convert to Table as requested: ${field}: ${message}`;
	throw new KubejoinError('API_BAD_REQUEST', { problem });
}

/** Converts the objects of an answer or of the events of a watch. */
export class Converter {
	readonly #resource: ApiResource;
	readonly #conversion: Conversion;
	readonly #include: IncludeObject;
	readonly #nowMs: () => number;

	constructor(resource: ApiResource, conversion: Conversion, include: IncludeObject, nowMs: () => number) {
		this.#resource = resource;
		this.#conversion = conversion;
		this.#include = include;
		this.#nowMs = nowMs;
	}

	/** @throws API_NOT_ACCEPTABLE */
	list(list: ObjectList): object {
		const { kind } = this.#conversion;
		if (kind === 'Table') return this.#table(list.items, listMeta(list), true);
		if (kind === 'PartialObjectMetadata')
			throw notConvertible(
				`PartialObjectMetadata, but the requested object is a list (${goType(this.#resource, 'List')})`,
			);
		const items = list.items.map((object) => this.#partial(object));
		return { kind, apiVersion: this.#apiVersion, metadata: listMeta(list), items };
	}

	/** @param withColumns  false for an event of a watch after the first. @throws API_NOT_ACCEPTABLE */
	object(object: KubeObject, withColumns = true): object {
		const { kind } = this.#conversion;
		const { resourceVersion = '' } = object.metadata;
		if (kind === 'Table') return this.#table([object], resourceVersion === '' ? {} : { resourceVersion }, withColumns);
		if (kind === 'PartialObjectMetadata') return this.#partial(object);
		throw notAList(this.#resource);
	}

	#table(objects: readonly KubeObject[], metadata: object, hasColumns: boolean): object {
		const { kind } = this.#resource;
		const include = objects.some(endsInitialEvents) && this.#include === 'None' ? 'Metadata' : this.#include;
		const { version } = this.#conversion;
		return tableOf({ kind, version, objects, metadata, include, hasColumns, nowMs: this.#nowMs() });
	}

	#partial(object: KubeObject): object {
		return { ...partialObjectMetadata(object), apiVersion: this.#apiVersion };
	}

	get #apiVersion(): string {
		return `meta.k8s.io/${this.#conversion.version}`;
	}
}

/** Of upstream's internal type, for example `*core.NodeList`. */
function goType({ group, kind }: ApiResource, suffix: string): string {
	const name = group === '' || group === 'events.k8s.io' ? 'core' : group.split('.')[0];
	return `*${name}.${kind}${suffix}`;
}

const endsInitialEvents = ({ metadata }: KubeObject): boolean =>
	metadata.annotations?.['k8s.io/initial-events-end'] === 'true';

const notAList = (resource: ApiResource) =>
	notConvertible(`PartialObjectMetadataList, but the requested object is not a list (${goType(resource, '')})`);

/**
 * @throws API_NOT_ACCEPTABLE
 * @differs upstream answers 200, and ends the watch at its first event
 */
export function requireEventForm(resource: ApiResource, { conversion }: Pick<Negotiated, 'conversion'>): void {
	if (conversion?.kind === 'PartialObjectMetadataList') throw notAList(resource);
}

const notConvertible = (asked: string) =>
	new KubejoinError('API_NOT_ACCEPTABLE', { problem: `you requested ${asked}` });
