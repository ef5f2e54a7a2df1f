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

const NOTHING = Buffer.alloc(0);

/**
 * Reads messages from chunks that end anywhere, and copies only those that are in more than one chunk. The bytes of a
 * part are kept in one buffer: a chunk of one byte would cost a hundred.
 */
export class FrameReader {
	readonly #maxBytes: number;
	#part: Buffer = NOTHING;
	/** Those of the part; its buffer can be longer. */
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
		if (this.#bytes + chunk.length < this.#wantedBytes) {
			this.#keep(chunk);
			return [];
		}
		let rest = this.#bytes === 0 ? chunk : Buffer.concat([this.#part.subarray(0, this.#bytes), chunk]);
		this.#part = NOTHING;
		this.#bytes = 0;
		const messages: Buffer[] = [];
		for (;;) {
			this.#wantedBytes = PREFIX_BYTES + (rest.length < PREFIX_BYTES ? 0 : this.#lengthOf(rest));
			if (rest.length < this.#wantedBytes) break;
			messages.push(rest.subarray(PREFIX_BYTES, this.#wantedBytes));
			rest = rest.subarray(this.#wantedBytes);
		}
		this.#keep(rest);
		return messages;
	}

	/** The buffer grows with the bytes that arrived, and not to the length that a server announced. */
	#keep(chunk: Buffer): void {
		const bytes = this.#bytes + chunk.length;
		if (bytes > this.#part.length) {
			const part = Buffer.allocUnsafe(Math.min(2 * bytes, this.#wantedBytes));
			this.#part.copy(part, 0, 0, this.#bytes);
			this.#part = part;
		}
		chunk.copy(this.#part, this.#bytes);
		this.#bytes = bytes;
	}

	#lengthOf(frame: Buffer): number {
		if (frame[0] !== 0) throw new CallFailure(grpcCode.INTERNAL, 'a message is compressed, which was not offered');
		const length = frame.readUInt32BE(1);
		if (length <= this.#maxBytes) return length;
		throw new CallFailure(
			grpcCode.RESOURCE_EXHAUSTED,
			`Received message larger than max (${length} vs ${this.#maxBytes})`,
			{ answerLimit: this.#maxBytes },
		);
	}
}
