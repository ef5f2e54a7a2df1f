/** Where the messages of a gRPC stream end. @source grpc/doc/PROTOCOL-HTTP2.md, Length-Prefixed-Message */

/** The flag of compression, and four bytes of the length. */
const PREFIX_BYTES = 5;

/** Reads each chunk of a stream. */
export class MessageEnds {
	/** A message ended in the last chunk. */
	hasEnded = false;
	#prefixBytes = 0;
	#length = 0;
	#leftBytes = 0;

	/** The last chunk ended with a message. */
	get isWhole(): boolean {
		return this.#prefixBytes === 0 && this.#leftBytes === 0;
	}

	read(chunk: Buffer): void {
		this.hasEnded = false;
		for (let at = 0; at < chunk.length; ) {
			if (this.#leftBytes > 0) {
				const taken = Math.min(this.#leftBytes, chunk.length - at);
				this.#leftBytes -= taken;
				at += taken;
			} else {
				this.#length = this.#prefixBytes === 0 ? 0 : this.#length * 256 + (chunk[at] ?? 0);
				this.#prefixBytes += 1;
				at += 1;
				if (this.#prefixBytes < PREFIX_BYTES) continue;
				[this.#prefixBytes, this.#leftBytes] = [0, this.#length];
			}
			if (this.#leftBytes === 0) this.hasEnded = true;
		}
	}
}
