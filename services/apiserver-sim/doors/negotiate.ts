/**
 * The form of an answer over HTTPS: which media type the caller accepts, and the bytes. JSON is written as Go writes
 * it.
 * @source apiserver/pkg/endpoints/handlers/{negotiation,responsewriters}; emicklei/go-restful route.go matchesAccept
 */
import { stringify } from 'yaml';
import { KubejoinError } from '../../../lib/errors.ts';
import type { KubeObject, ObjectMeta } from '../../../lib/kube/types.ts';

export interface Encoded {
	readonly contentType: string;
	readonly body: string;
}
export interface Wishes {
	/** The Accept header; empty for anything. */
	readonly accept: string;
	/** `?pretty=` as it was sent. */
	readonly pretty: string | null;
	readonly userAgent: string;
}

const json = 'application/json';
const yaml = 'application/yaml';
/** What upstream's routes produce. */
const producible = [json, yaml, 'application/vnd.kubernetes.protobuf'];
const truthy = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
/** Browsers, and the tools that people type. */
const humanAgents = ['curl', 'Wget', 'Mozilla/5.0'];

interface Clause {
	readonly type: string;
	readonly parameters: ReadonlyMap<string, string>;
}

/** By preference; a clause of quality 0 is left out. */
function clausesOf(accept: string): Clause[] {
	return accept
		.split(',')
		.map((clause) => {
			const [type = '', ...parameters] = clause.split(';').map((part) => part.trim());
			return {
				type: type.toLowerCase(),
				parameters: new Map(parameters.map((parameter) => splitOnce(parameter, '='))),
			};
		})
		.map((clause) => ({ clause, quality: Number(clause.parameters.get('q') ?? 1) }))
		.filter(({ clause, quality }) => clause.type !== '' && quality > 0)
		.toSorted((a, b) => b.quality - a.quality)
		.map(({ clause }) => clause);
}

function splitOnce(text: string, separator: string): [string, string] {
	const at = text.indexOf(separator);
	return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

type Encode = (object: object) => Encoded;

/** Undefined when the caller accepts nothing that can be written here. */
function encoderFor({ accept, pretty, userAgent }: Wishes): Encode | undefined {
	const isPretty = pretty ? truthy.has(pretty) : humanAgents.some((agent) => userAgent.startsWith(agent));
	const found =
		accept === ''
			? { type: json, parameters: new Map<string, string>() }
			: clausesOf(accept).find(({ type, parameters }) => encodable.has(type) && !parameters.has('as'));
	if (found === undefined) return undefined;
	if (found.type === yaml) return toYaml;
	return isPretty || found.parameters.get('pretty') === '1' ? toPrettyJson : toJsonLine;
}
const encodable = new Set([json, yaml, '*/*', 'application/*']);

/**
 * The encoder of an object that is to be answered.
 *
 * @param produces  media types of the route; default: those of every resource
 * @throws API_NOT_ACCEPTABLE  with the text of the router that upstream has before its own negotiation, or of the
 *   latter
 * @differs upstream also writes protobuf, Table and PartialObjectMetadata; a client that accepts nothing else is
 *   refused with 406
 */
export function negotiated(wishes: Wishes, produces: readonly string[] = producible): Encode {
	requireAccepted(wishes, produces);
	const encode = encoderFor(wishes);
	if (encode !== undefined) return encode;
	const problem = `only the following media types are accepted: ${json}, ${yaml}`;
	throw new KubejoinError('API_NOT_ACCEPTABLE', { problem });
}

/** The caller accepts a type that the route produces. @throws API_NOT_ACCEPTABLE */
export function requireAccepted(wishes: Wishes, produces: readonly string[]): void {
	const types = wishes.accept.split(',').map((clause) => (clause.split(';')[0] ?? '').trim());
	if (wishes.accept !== '' && !types.some((type) => type === '*/*' || produces.includes(type))) {
		const problem = `406: Not Acceptable\n\nAvailable representations: ${produces.join(', ')}`;
		throw new KubejoinError('API_NOT_ACCEPTABLE', { problem });
	}
}

/** A refusal is written even when its reader accepts no form of it. */
export const encodeRefusal = (status: object, wishes: Wishes): Encoded => (encoderFor(wishes) ?? toPrettyJson)(status);

export const toPrettyJson: Encode = (object) => ({
	contentType: json,
	body: withoutHtml(JSON.stringify(object, undefined, 2)),
});
const toJsonLine: Encode = (object) => ({ contentType: json, body: `${withoutHtml(JSON.stringify(object))}\n` });
/** Version 1.1 quotes what Go's library quotes: timestamps, `yes`, octal numbers. */
const yamlFormat = {
	version: '1.1',
	sortMapEntries: true,
	indentSeq: false,
	lineWidth: 0,
	aliasDuplicateObjects: false,
} as const;
const toYaml: Encode = (object) => ({
	contentType: yaml,
	body: stringify(object, yamlFormat),
});

/** @source encoding/json HTMLEscape */
const withoutHtml = (text: string): string =>
	text.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** In the order of upstream's types. */
const metaOrder = [
	...['name', 'generateName', 'namespace', 'uid', 'resourceVersion', 'generation', 'creationTimestamp'],
	...['deletionTimestamp', 'deletionGracePeriodSeconds', 'labels', 'annotations', 'ownerReferences', 'finalizers'],
] as const;
/** Go maps, which are written sorted by key. */
const maps = new Set(['labels', 'annotations', 'data', 'binaryData', 'stringData']);

const sortedMap = (name: string, value: unknown): unknown =>
	maps.has(name) && typeof value === 'object' && value !== null
		? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
		: value;
const sortedMaps = (object: object): object =>
	Object.fromEntries(Object.entries(object).map(([name, value]) => [name, sortedMap(name, value)]));

function orderedMeta(metadata: ObjectMeta): object {
	const known = metaOrder.filter((name) => Object.hasOwn(metadata, name));
	const first = Object.fromEntries(known.map((name) => [name, (metadata as Record<string, unknown>)[name]]));
	return sortedMaps({ ...first, ...metadata });
}

/** An object in the order of upstream's fields. */
export function ordered({ kind, apiVersion, metadata, ...rest }: KubeObject): object {
	return { kind, apiVersion, metadata: orderedMeta(metadata), ...sortedMaps(rest) };
}

/** An item of a list, whose kind the list says. */
export function orderedItem(object: KubeObject): object {
	const { kind: _kind, apiVersion: _version, ...item } = ordered(object) as KubeObject;
	return item;
}
