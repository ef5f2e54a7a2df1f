/**
 * The form of an answer over HTTPS: the media type that the caller prefers, and whether it wants a Table or the
 * metadata alone.
 * @source apiserver/pkg/endpoints/handlers/negotiation; emicklei/go-restful route.go matchesAccept; munnerz/goautoneg
 */
import { LRUCache } from 'lru-cache';
import { KubejoinError } from '../../../lib/errors.ts';

export const mediaTypes = {
	json: 'application/json',
	yaml: 'application/yaml',
	protobuf: 'application/vnd.kubernetes.protobuf',
} as const;
export type MediaType = (typeof mediaTypes)[keyof typeof mediaTypes];

export interface Wishes {
	readonly accept: Accept;
	/** `?pretty=` as it was sent. */
	readonly pretty: string | null;
	readonly userAgent: string;
}

/** Another object than the stored one, in a version of meta.k8s.io. */
export interface Conversion {
	readonly kind: 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';
	readonly version: 'v1' | 'v1beta1';
}
const metadata = ['PartialObjectMetadata', 'PartialObjectMetadataList'] as const;
/** Reviews and actions of upstream have no columns. Discovery and refusals have one form. */
export const conversions = { none: [], metadata, all: ['Table', ...metadata] } as const;

export interface Route {
	readonly isOfMany: boolean;
	readonly conversions: readonly Conversion['kind'][];
}
export interface Negotiated {
	readonly mediaType: MediaType;
	readonly pretty: boolean;
	readonly conversion?: Conversion | undefined;
}

/** What upstream's routes of resources produce, in its order of preference. */
const producible: readonly MediaType[] = [mediaTypes.json, mediaTypes.yaml, mediaTypes.protobuf];
const truthy = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
/** Browsers, and the tools that people type. */
const humanAgents = ['curl', 'Wget', 'Mozilla/5.0'];

interface Clause {
	readonly type: string;
	readonly parameters: ReadonlyMap<string, string>;
}

export interface Accept {
	/** As it was sent; an empty one accepts any type. */
	readonly text: string;
	/** In the order in which they were sent, without parameters. */
	readonly types: readonly string[];
	/** By quality, also one of 0, then a type before a wildcard. */
	readonly clauses: readonly Clause[];
}

/** Accept headers as they were read before: clients have few, and reading one takes longer than an authorization. */
export class AcceptHeaders {
	readonly #known = new LRUCache<string, Accept>({ max: MAX_KNOWN });

	of(text: string): Accept {
		const known = this.#known.get(text);
		if (known !== undefined) return known;
		const accept = readAccept(text);
		if (text.length <= MAX_KNOWN_CHARACTERS) this.#known.set(text, accept);
		return accept;
	}
}
const MAX_KNOWN = 100;
const MAX_KNOWN_CHARACTERS = 512;

const readAccept = (text: string): Accept => ({
	text,
	types: text.split(',').map((clause) => (clause.split(';')[0] ?? '').trim()),
	clauses: clausesOf(text),
});

function clausesOf(accept: string): Clause[] {
	return accept
		.split(',')
		.map((clause) => {
			const [type = '', ...parameters] = clause.split(';').map((part) => part.trim());
			return { type: type.toLowerCase(), parameters: new Map(parameters.map(parameterOf)) };
		})
		.map((clause) => ({ clause, quality: Number(clause.parameters.get('q') ?? 1) || 0 }))
		.filter(({ clause }) => clause.type !== '')
		.toSorted((a, b) => b.quality - a.quality || wildcards(a.clause) - wildcards(b.clause))
		.map(({ clause }) => clause);
}

const wildcards = ({ type }: Clause): number => (type === '*/*' ? 2 : type.endsWith('/*') ? 1 : 0);

function parameterOf(text: string): [string, string] {
	const at = text.indexOf('=');
	const [name, value] = at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
	return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1')];
}

const isMatch = (wanted: string, offered: string): boolean =>
	wanted === offered || wanted === '*/*' || wanted === 'application/*';

/**
 * Undefined for a conversion that is not offered in this media type.
 * @source handlers/rest.go AllowsMediaTypeTransform
 */
function conversionOf(
	parameters: ReadonlyMap<string, string>,
	mediaType: MediaType,
	offeredKinds: readonly string[],
): { readonly conversion?: Conversion } | undefined {
	const [kind, group, version] = ['as', 'g', 'v'].map((name) => parameters.get(name));
	if (kind === undefined && group === undefined && version === undefined) return {};
	const isOffered =
		kind !== undefined &&
		offeredKinds.includes(kind) &&
		group === 'meta.k8s.io' &&
		(version === 'v1' || version === 'v1beta1') &&
		(kind !== 'Table' || mediaType !== mediaTypes.protobuf);
	return isOffered ? { conversion: { kind, version } as Conversion } : undefined;
}

const hasUnofferedStream = (parameters: ReadonlyMap<string, string>): boolean =>
	!['', 'watch', undefined].includes(parameters.get('stream')) || (parameters.get('sv') ?? '') !== '';

/** Undefined when the caller accepts nothing of it. */
function preferred(
	wishes: Wishes,
	offered: readonly MediaType[],
	offeredKinds: readonly string[],
): Negotiated | undefined {
	const { accept, pretty, userAgent } = wishes;
	const isPretty = pretty ? truthy.has(pretty) : humanAgents.some((agent) => userAgent.startsWith(agent));
	if (accept.text === '') return { mediaType: offered[0] ?? mediaTypes.json, pretty: isPretty };
	for (const { type, parameters } of accept.clauses) {
		for (const mediaType of offered) {
			if (!isMatch(type, mediaType)) continue;
			const found = conversionOf(parameters, mediaType, offeredKinds);
			if (found === undefined || hasUnofferedStream(parameters)) continue;
			return { mediaType, pretty: isPretty || parameters.get('pretty') === '1', ...found };
		}
	}
	return undefined;
}

/** @throws API_NOT_ACCEPTABLE  with the text of the router that upstream has before its own negotiation */
export function requireRouted({ accept }: Wishes, produces: readonly string[]): void {
	if (accept.text === '' || accept.types.some((type) => type === '*/*' || produces.includes(type))) return;
	const problem = `406: Not Acceptable\n\nAvailable representations: ${produces.join(', ')}`;
	throw new KubejoinError('API_NOT_ACCEPTABLE', { problem, isRouted: true });
}

/** The media types of the routes of a watch, beside those of objects. @source endpoints/installer.go */
const streams = producible.flatMap((type) => (type === mediaTypes.yaml ? [] : [`${type};stream=watch`]));
const producibleOfMany = [...producible, ...streams];

/**
 * The form of an answer with an object or a list, or of a watch.
 *
 * @throws API_NOT_ACCEPTABLE
 */
export function negotiate(wishes: Wishes, route: Route): Negotiated {
	requireRouted(wishes, route.isOfMany ? producibleOfMany : producible);
	const found = preferred(wishes, producible, route.conversions);
	if (found !== undefined) return found;
	throw notAcceptable(producible);
}

/** @throws API_NOT_ACCEPTABLE  YAML has no form for a sequence of events */
export function requireStream({ mediaType }: Negotiated): void {
	if (mediaType === mediaTypes.yaml) throw notAcceptable(streams);
}

export const notAcceptable = (offered: readonly string[]): KubejoinError =>
	new KubejoinError('API_NOT_ACCEPTABLE', {
		problem: `only the following media types are accepted: ${offered.join(', ')}`,
	});

/** A refusal is written even when its reader accepts no form of it. */
export const negotiateRefusal = (wishes: Wishes): Negotiated =>
	preferred(wishes, producible, conversions.none) ?? { mediaType: mediaTypes.json, pretty: true };

/**
 * Does the caller prefer the aggregated form of discovery?
 *
 * @source apiserver/pkg/endpoints/discovery/aggregated/{wrapper,negotiation}.go
 */
export function negotiateDiscovery({ accept }: Wishes): boolean {
	const preference = accept.clauses.find(({ type, parameters }) =>
		type === mediaTypes.json && parameters.has('as')
			? isAggregated(parameters)
			: producible.some((one) => isMatch(type, one)),
	);
	return preference !== undefined && isAggregated(preference.parameters);
}

const isAggregated = (parameters: ReadonlyMap<string, string>): boolean =>
	parameters.get('as') === 'APIGroupDiscoveryList' &&
	parameters.get('g') === 'apidiscovery.k8s.io' &&
	parameters.get('v') === 'v2';
