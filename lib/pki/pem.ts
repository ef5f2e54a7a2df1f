/**
 * PEM blocks (RFC 7468), parsed as Go does: text around the blocks, as `openssl x509 -text` writes it, and headers are
 * ignored. A block that is truncated or is not base64 is an error and is never skipped: it may be the block that the
 * user wants.
 */

/** Text with one PEM block or several. */
export type Pem = string;

export interface PemBlock {
	/** For example `CERTIFICATE`. */
	readonly type: string;
	/** Lines such as `Proc-Type: 4,ENCRYPTED` before the contents. */
	readonly headers: readonly string[];
	readonly der: Buffer;
}

export interface PemText {
	/** In the order of the text. */
	readonly blocks: readonly PemBlock[];
	/** Why a part of the text that begins like a block is none. */
	readonly problem?: string;
}

interface OpenBlock {
	readonly type: string;
	readonly line: number;
	readonly body: string[];
}

const mark = /^-----(BEGIN|END) ([A-Za-z0-9 ._/-]{1,64})-----$/;

/** @source encoding/pem Decode @differs Go passes over a block that it cannot read, and reads the next one */
export function readPem(text: string): PemText {
	const blocks: PemBlock[] = [];
	const problems: string[] = [];
	const unended = ({ type, line }: OpenBlock) =>
		`the PEM block ${type} that begins on line ${line} has no END line of its type`;
	let open: OpenBlock | undefined;
	for (const [i, raw] of text
		.replace(/^\uFEFF/, '')
		.split('\n')
		.entries()) {
		const line = raw.trimEnd();
		const [, kind, type = ''] = (line.startsWith('-----') && mark.exec(line)) || [];
		if (open !== undefined && (kind === 'BEGIN' || (kind === 'END' && type !== open.type)))
			problems.push(unended(open));
		if (open !== undefined && kind === 'END' && type === open.type) {
			const block = blockOf(open);
			if (block === undefined)
				problems.push(`the contents of the PEM block ${type} that begins on line ${open.line} are not base64`);
			else blocks.push(block);
		}
		if (kind !== undefined) open = kind === 'BEGIN' ? { type, line: i + 1, body: [] } : undefined;
		else open?.body.push(line);
	}
	if (open !== undefined) problems.push(unended(open));
	return { blocks, problem: problems[0] };
}

function blockOf({ type, body }: OpenBlock): PemBlock | undefined {
	const end = body.findIndex((line) => !line.includes(':'));
	const headers = body.slice(0, end === -1 ? body.length : end);
	const base64 = body
		.slice(headers.length)
		.join('')
		.replace(/[ \t\r]/g, '');
	if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return undefined;
	return { type, headers, der: Buffer.from(base64, 'base64') };
}

/** Describes a text without the wanted block: the types of its blocks, or why it has none. */
export function foundInstead(text: string, { blocks, problem }: PemText): string {
	if (problem !== undefined) return problem;
	const types = [...new Set(blocks.map(({ type }) => type))];
	if (types.length > 0) return `found ${types.slice(0, 4).join(', ')}`;
	if (text.trim() === '') return 'it is empty';
	if (text.includes('\0')) return 'it is UTF-16 or binary; save it as UTF-8';
	if (/^0[\u0080-\uFFFF\x82]/.test(text)) return 'it is DER; convert it with openssl x509, req or pkey and -inform der';
	if (text.includes('-----\\n')) return 'its line breaks are written as the two characters \\n';
	if (/^[ \t]+-----BEGIN /m.test(text)) return 'its BEGIN line does not begin at the start of a line';
	if (/^\s*LS0tLS1CRUdJTi/.test(text)) return 'it is the base64 of a PEM text; decode it once';
	return 'it has no PEM block';
}

export function writePem(type: string, der: Uint8Array): string {
	const base64 = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('base64');
	return `-----BEGIN ${type}-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END ${type}-----\n`;
}
