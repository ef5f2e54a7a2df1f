/** PEM blocks as RFC 7468 writes them. Reading is strict: nothing may stand between the blocks, and the base64 must be canonical. */

export interface PemBlock {
	/** For example `CERTIFICATE`. */
	readonly type: string;
	readonly der: Buffer;
}

const block = /\s*-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END \1-----\s*/y;

/** All blocks of a text, in order; undefined when the text holds anything else. */
export function readPem(text: string): PemBlock[] | undefined {
	const blocks: PemBlock[] = [];
	let end = 0;
	while (end < text.length) {
		block.lastIndex = end;
		const match = block.exec(text);
		if (match === null) return text.slice(end).trim() === '' ? blocks : undefined;
		const base64 = (match[2] ?? '').replace(/[\r\n]/g, '');
		const der = Buffer.from(base64, 'base64');
		if (der.toString('base64') !== base64) return undefined;
		blocks.push({ type: match[1] ?? '', der });
		end = block.lastIndex;
	}
	return blocks;
}

export function writePem(type: string, der: Uint8Array): string {
	const base64 = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('base64');
	return `-----BEGIN ${type}-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END ${type}-----\n`;
}
