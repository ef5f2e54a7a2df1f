/**
 * The messages of gRPC in the bytes of an HTTP/2 stream.
 * @source grpc/doc/PROTOCOL-HTTP2.md Length-Prefixed-Message
 */
import { grpcCode } from '../errors.ts';
import { CallFailure } from './call-failure.ts';

/** The flag of compression, and the length of the message. */
const PREFIX_BYTES = 5;

export function frameOf(message: Buffer): Buffer {
	const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
	frame[0] = 0;
	frame.writeUInt32BE(message.length, 1);
	message.copy(frame, PREFIX_BYTES);
	return frame;
}

/** Reads messages from chunks that end anywhere, and copies only those that are in more than one chunk. */
export class FrameReader {
	readonly #maxBytes: number;
	#chunks: Buffer[] = [];
	#bytes = 0;
	#wantedBytes = PREFIX_BYTES;

	constructor(maxBytes: number) {
		this.#maxBytes = maxBytes;
	}

	get isInsideMessage(): boolean {
		return this.#bytes > 0;
	}

	/** @throws CallFailure  a compressed message, or one that is too large */
	read(chunk: Buffer): readonly Buffer[] {
		this.#chunks.push(chunk);
		this.#bytes += chunk.length;
		if (this.#bytes < this.#wantedBytes) return [];
		let rest = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
		const messages: Buffer[] = [];
		for (;;) {
			this.#wantedBytes = PREFIX_BYTES + (rest.length < PREFIX_BYTES ? 0 : this.#lengthOf(rest));
			if (rest.length < this.#wantedBytes) break;
			messages.push(rest.subarray(PREFIX_BYTES, this.#wantedBytes));
			rest = rest.subarray(this.#wantedBytes);
		}
		this.#chunks = rest.length === 0 ? [] : [rest];
		this.#bytes = rest.length;
		return messages;
	}

	#lengthOf(frame: Buffer): number {
		if (frame[0] !== 0) throw new CallFailure(grpcCode.INTERNAL, 'a message is compressed, which was not offered');
		const length = frame.readUInt32BE(1);
		if (length <= this.#maxBytes) return length;
		throw new CallFailure(
			grpcCode.RESOURCE_EXHAUSTED,
			`Received message larger than max (${length} vs ${this.#maxBytes})`,
		);
	}
}
