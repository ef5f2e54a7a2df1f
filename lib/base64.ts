/** Decodes base64 with the rules of Go. */

/**
 * @returns the bytes, or where the text stops being base64
 * @source Go encoding/base64 StdEncoding.Decode: CR and LF are skipped, any other invalid character is an error
 */
export function decodeBase64(text: string): Buffer | { readonly corruptAt: number } {
	const digits = withoutBreaks(text);
	const bytes = Buffer.from(digits, 'base64');
	// Canonical text needs no walk.
	if (bytes.toString('base64') === digits) return bytes;
	const corruptAt = corruptByte(Buffer.from(text));
	return corruptAt === undefined ? bytes : { corruptAt };
}

/** By byte, because to replace a million breaks takes ten times as long. */
function withoutBreaks(text: string): string {
	if (!/[\r\n]/.test(text)) return text;
	const bytes = Buffer.from(text);
	let length = 0;
	for (let at = 0; at < bytes.length; at++) {
		const byte = bytes[at] as number;
		if (!isBreak(byte)) bytes[length++] = byte;
	}
	return bytes.toString('latin1', 0, length);
}

const isBreak = (byte: number | undefined): boolean => byte === 0x0a || byte === 0x0d;
/** A table of 0 and 1, because a text can have millions of digits. */
const isDigit = Uint8Array.from({ length: 256 }, (_, byte) =>
	byte < 0x80 && /[A-Za-z0-9+/]/.test(String.fromCharCode(byte)) ? 1 : 0,
);
const PADDING = 0x3d;

const digitAt = (source: Uint8Array, at: number): number => isDigit[source[at] as number] as number;
const areFourDigits = (source: Uint8Array, at: number): boolean =>
	at + 4 <= source.length &&
	digitAt(source, at) + digitAt(source, at + 1) + digitAt(source, at + 2) + digitAt(source, at + 3) === 4;

function corruptByte(source: Uint8Array): number | undefined {
	let at = 0;
	const skipBreaks = () => {
		while (isBreak(source[at])) at++;
	};
	for (;;) {
		while (areFourDigits(source, at)) at += 4;
		for (let digits = 0; digits < 4; digits++) {
			skipBreaks();
			const byte = source[at];
			if (byte === undefined) return digits === 0 ? undefined : at - digits;
			at++;
			if (isDigit[byte] === 1) continue;
			if (byte !== PADDING || digits < 2) return at - 1;
			if (digits === 2) {
				skipBreaks();
				if (at === source.length) return at;
				if (source[at] !== PADDING) return at - 1;
				at++;
			}
			skipBreaks();
			return at < source.length ? at : undefined;
		}
	}
}
