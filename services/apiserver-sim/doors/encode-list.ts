/**
 * A long list -> bytes of a media type, in parts between which other work runs. Together they are the bytes of a list
 * that is encoded at once.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TypeMeta } from '../../../lib/kube/codec/object.ts';
import { envelopeOf, rawOf } from '../../../lib/kube/codec/protobuf.ts';
import { flowYaml, needsFlowYaml } from '../../../lib/kube/codec/yaml.ts';
import { approximateBytes } from '../../../lib/kube/json-depth.ts';
import type { ListParts } from './answer.ts';
import { encode } from './encode.ts';
import { mediaTypes, type Negotiated } from './negotiate.ts';

export interface PartedList {
	readonly items: readonly object[];
	/** The answer with some of its items. */
	readonly part: (from: number, to: number) => object;
}

type Form = Omit<Negotiated, 'conversion'>;

/** So much is encoded before other work runs. */
export const ITEMS_PER_TURN = 100;
const BYTES_PER_TURN = 32 * 1024;

/**
 * @param turn  resolves when other work has run
 * @throws API_NOT_ACCEPTABLE  the list has no form in protobuf
 */
export async function encodeList(
	list: PartedList,
	form: Form,
	turn: () => Promise<unknown> = nextTurn,
): Promise<{ readonly contentType: string; readonly body: string | Uint8Array | ListParts }> {
	const { items, part } = list;
	const contentType = form.mediaType;
	if (contentType === mediaTypes.yaml && (await needFlowYaml(items, turn))) {
		return { contentType, body: flowYamlOf(list, turn) };
	}
	if (endOfPart(items, 0) === items.length) return encode(part(0, items.length), form);
	if (contentType === mediaTypes.protobuf) {
		// Refused while the status of the answer is not sent.
		encode(part(0, 0), form);
		return { contentType, body: protobufOf(list, turn) };
	}
	return { contentType, body: textOf(list, form, turn) };
}

async function needFlowYaml(items: readonly object[], turn: () => Promise<unknown>): Promise<boolean> {
	for await (const [from, to] of ranges(items, turn)) if (items.slice(from, to).some(needsFlowYaml)) return true;
	return false;
}

async function* partsOf({ items, part }: PartedList, turn: () => Promise<unknown>): AsyncGenerator<object> {
	for await (const [from, to] of ranges(items, turn)) yield part(from, to);
}

type Range = readonly [from: number, to: number];

async function* ranges(items: readonly object[], turn: () => Promise<unknown>): AsyncGenerator<Range> {
	for (let from = 0; from < items.length; ) {
		const to = endOfPart(items, from);
		yield [from, to];
		await turn();
		from = to;
	}
}

function endOfPart(items: readonly object[], from: number): number {
	let to = from;
	for (let bytes = 0; to < items.length && to - from < ITEMS_PER_TURN && bytes < BYTES_PER_TURN; to++)
		bytes += approximateBytes(items[to]);
	return to;
}

/**
 * The items of each part follow those of the part before, because they are the last field of the message, whose length
 * comes first.
 */
async function* protobufOf(list: PartedList, turn: () => Promise<unknown>): AsyncGenerator<Uint8Array> {
	const head = list.part(0, 0);
	const raw = [rawOf(head) ?? Buffer.alloc(0)];
	const headLength = raw[0]?.length ?? 0;
	for await (const part of partsOf(list, turn)) raw.push((rawOf(part) ?? Buffer.alloc(0)).subarray(headLength));
	yield* envelopeOf(head as TypeMeta, raw);
}

async function* flowYamlOf(list: PartedList, turn: () => Promise<unknown>): AsyncGenerator<Uint8Array> {
	for await (const text of textsOf(list, { mediaType: mediaTypes.json, pretty: false }, turn))
		yield Buffer.from(flowYaml(text));
}

async function* textOf(list: PartedList, form: Form, turn: () => Promise<unknown>): AsyncGenerator<Uint8Array> {
	for await (const text of textsOf(list, form, turn)) yield Buffer.from(text);
}

async function* textsOf(list: PartedList, form: Form, turn: () => Promise<unknown>): AsyncGenerator<string> {
	const separator = form.mediaType === mediaTypes.yaml ? '' : ',';
	let after: string | undefined;
	for await (const part of partsOf(list, turn)) {
		const text = encode(part, form).body.toString();
		const [start, end] = form.mediaType === mediaTypes.yaml ? yamlItems(text) : jsonItems(text);
		yield `${after === undefined ? text.slice(0, start) : separator}${text.slice(start, end)}`;
		after = text.slice(end);
	}
	yield after ?? '';
}

/** From the first item to the last. They are the last field. */
function jsonItems(text: string): [start: number, end: number] {
	const [opening = ''] = /"(?:items|rows)": ?\[/.exec(text) ?? [];
	const closing = text.endsWith(']}\n') ? ']}\n' : '\n  ]\n}';
	return [text.indexOf(opening) + opening.length, text.length - closing.length];
}

/** Fields are sorted, and only theirs begin with a letter at the start of a line. */
function yamlItems(text: string): [start: number, end: number] {
	const opening = /^(?:items|rows):\n/m.exec(text);
	const start = (opening?.index ?? 0) + (opening?.[0].length ?? 0);
	const next = text.slice(start).search(/^[a-zA-Z]/m);
	return [start, next === -1 ? text.length : start + next];
}
