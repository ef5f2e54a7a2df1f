/**
 * A long list -> bytes of a media type. It is encoded in parts, between which other work runs, and has the bytes of a
 * list that is encoded at once.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TypeMeta } from '../../../lib/kube/codec/object.ts';
import { envelopeOf, rawOf } from '../../../lib/kube/codec/protobuf.ts';
import { type Encoded, encode } from './encode.ts';
import { mediaTypes, type Negotiated } from './negotiate.ts';

export interface PartedList {
	readonly length: number;
	/** The answer with some of its items. */
	readonly part: (from: number, to: number) => object;
}

type Form = Omit<Negotiated, 'conversion'>;

export const ITEMS_PER_TURN = 100;

/**
 * @param turn  resolves when other work has run
 * @throws API_NOT_ACCEPTABLE  the list has no form in protobuf
 */
export async function encodeList(
	list: PartedList,
	form: Form,
	turn: () => Promise<unknown> = nextTurn,
): Promise<Encoded> {
	if (list.length <= ITEMS_PER_TURN) return encode(list.part(0, list.length), form);
	if (form.mediaType === mediaTypes.protobuf && rawOf(list.part(0, 0)) !== undefined)
		return { contentType: form.mediaType, body: await protobufOf(list, turn) };
	return { contentType: form.mediaType, body: await textOf(list, form, turn) };
}

async function* partsOf({ length, part }: PartedList, turn: () => Promise<unknown>): AsyncGenerator<object> {
	for (let from = 0; from < length; from += ITEMS_PER_TURN) {
		yield part(from, Math.min(from + ITEMS_PER_TURN, length));
		await turn();
	}
}

/** The items of each part follow those of the part before, because they are the last field of the message. */
async function protobufOf(list: PartedList, turn: () => Promise<unknown>): Promise<Uint8Array> {
	const head = list.part(0, 0);
	const raw = [rawOf(head) ?? Buffer.alloc(0)];
	const headLength = raw[0]?.length ?? 0;
	for await (const part of partsOf(list, turn)) raw.push((rawOf(part) ?? Buffer.alloc(0)).subarray(headLength));
	return envelopeOf(head as TypeMeta, Buffer.concat(raw));
}

async function textOf(list: PartedList, form: Form, turn: () => Promise<unknown>): Promise<string> {
	const separator = form.mediaType === mediaTypes.yaml ? '' : ',';
	let [before, after] = ['', ''];
	const items: string[] = [];
	for await (const part of partsOf(list, turn)) {
		const text = encode(part, form).body.toString();
		const [start, end] = form.mediaType === mediaTypes.yaml ? yamlItems(text) : jsonItems(text);
		items.push(text.slice(start, end));
		[before, after] = [text.slice(0, start), text.slice(end)];
	}
	return `${before}${items.join(separator)}${after}`;
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
