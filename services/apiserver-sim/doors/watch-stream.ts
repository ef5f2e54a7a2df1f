/**
 * A watch as chunks: one event in a line of JSON, or in a frame of protobuf after its length. A message of a WebSocket
 * has no length of its own.
 * @source apiserver/pkg/endpoints/handlers/watch.go; apimachinery/pkg/util/framer
 */
import { LRUCache } from 'lru-cache';
import { asKubejoinError, hasCode } from '../../../lib/errors.ts';
import { encodeJson } from '../../../lib/kube/codec/json.ts';
import { encodeWatchFrame } from '../../../lib/kube/codec/protobuf.ts';
import type { KubeObject, WatchEvent } from '../../../lib/kube/types.ts';
import { limits } from '../../../lib/limits.ts';
import { failureStatus } from '../status.ts';
import type { Answer } from './answer.ts';
import { mediaTypes, type Negotiated, notAcceptable } from './negotiate.ts';

export interface WatchAnswerOptions {
	readonly encoder: EventEncoder;
	readonly form: Negotiated;
	/** To a Table or to the metadata alone. */
	readonly convert: ((object: KubeObject) => object) | undefined;
	/** Ends the watch after `timeoutMs`. */
	readonly end: () => void;
	readonly timeoutMs: number;
	/** The watch begins with the existing objects and a bookmark. */
	readonly isList: boolean;
	/** The caller asked for a WebSocket. */
	readonly webSocket: boolean;
	/** Aborts when the watch has ended, for any reason. */
	readonly signal: AbortSignal;
}

export function watchAnswer(events: AsyncIterable<WatchEvent<KubeObject>>, options: WatchAnswerOptions): Answer {
	const isProtobuf = options.form.mediaType === mediaTypes.protobuf;
	const contentType = isProtobuf ? `${mediaTypes.protobuf};stream=watch` : mediaTypes.json;
	const body = chunksOf(events, isProtobuf, options);
	if (options.webSocket)
		return isProtobuf
			? { status: 101, headers: {}, body: withoutLengths(body), webSocket: 'binary' }
			: { status: 101, headers: {}, body, webSocket: 'text' };
	return { status: 200, headers: { 'Content-Type': contentType }, body, compressesChunks: options.isList };
}

const LENGTH_BYTES = 4;
async function* withoutLengths(frames: AsyncIterable<Chunk>): AsyncGenerator<Chunk> {
	for await (const frame of frames) yield frame.slice(LENGTH_BYTES);
}

/**
 * A random time by default, so that watches that began together do not end together. A negative time has passed.
 *
 * @source apiserver/pkg/endpoints/handlers/get.go ListResource
 */
export const watchTimeMs = (timeoutSeconds = 0, random: () => number): number =>
	timeoutSeconds === 0 ? limits.watchTime.value * (1 + random()) : Math.max(timeoutSeconds * 1000, 0);

/** The longest time that a timer of Node can have. */
const MAX_TIMER_MS = 2 ** 31 - 1;

async function* chunksOf(
	events: AsyncIterable<WatchEvent<KubeObject>>,
	isProtobuf: boolean,
	{ encoder, convert, end, timeoutMs, signal }: WatchAnswerOptions,
): AsyncGenerator<string | Uint8Array> {
	const timer = setTimeout(end, Math.min(timeoutMs, MAX_TIMER_MS));
	try {
		for await (const { type, object } of events) {
			if (signal.aborted) return;
			yield convert === undefined
				? encoder.shared(type, object, isProtobuf)
				: chunkOf(type, convert(object), isProtobuf);
		}
	} catch (error) {
		if (signal.aborted) return;
		const known = asKubejoinError(error);
		yield chunkOf('ERROR', failureStatus(known), isProtobuf);
		// The caller lists again.
		if (!hasCode(known, 'API_EXPIRED')) throw known;
	} finally {
		clearTimeout(timer);
	}
}

type Chunk = string | Uint8Array;

/**
 * Encodes events. The watches of a resource share their objects: an object is encoded once, and not once for each
 * watch.
 */
export class EventEncoder {
	readonly #recent = new LRUCache<object, Map<string, Chunk>>({
		max: RECENT_OBJECTS,
		maxSize: RECENT_BYTES,
		sizeCalculation: (forms) => 1 + [...forms.values()].reduce((sum, { length }) => sum + length, 0),
	});

	shared(type: string, object: object, isProtobuf: boolean): Chunk {
		const key = `${type} ${isProtobuf}`;
		const known = this.#recent.get(object);
		const chunk = known?.get(key) ?? chunkOf(type, object, isProtobuf);
		// A changed map would keep the size that it had.
		if (known?.has(key) !== true) this.#recent.set(object, new Map(known).set(key, chunk));
		return chunk;
	}
}
const RECENT_OBJECTS = 256;
/** Of text in most cases one byte each; an object has 1.5 MB at most. */
const RECENT_BYTES = 16 * 1024 * 1024;

/** @throws API_NOT_ACCEPTABLE  the object has no form in protobuf */
function chunkOf(type: string, object: object, isProtobuf: boolean): string | Uint8Array {
	if (!isProtobuf) return `{"type":${JSON.stringify(type)},"object":${encodeJson(object).trimEnd()}}\n`;
	const frame = encodeWatchFrame(type, object);
	if (frame === undefined) throw notAcceptable([`${mediaTypes.json};stream=watch`]);
	return frame;
}
