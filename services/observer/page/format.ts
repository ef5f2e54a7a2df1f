/** Numbers and bytes as people read them. */

/** `0.7 ms`, `52 ms`, `1.3 s`, `5 min`. */
export function duration(ms: number): string {
	if (ms < 10) return `${Math.round(ms * 10) / 10} ms`;
	if (ms < 1_000) return `${Math.round(ms)} ms`;
	if (ms < 60_000) return `${Math.round(ms / 100) / 10} s`;
	if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
	if (ms < 86_400_000) return `${Math.round(ms / 360_000) / 10} h`;
	return `${Math.round(ms / 86_400_000)} d`;
}

/** `14:03:22`, in the reader's own time. */
export const clockTime = (ms: number, language: string): string =>
	new Date(ms).toLocaleTimeString(language, { hour12: false });

/** Sixteen bytes on a line: offset, hexadecimal, what can be printed. @param base64  the bytes */
export function hexDump(base64: string): string {
	const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
	const lines: string[] = [];
	for (let offset = 0; offset < bytes.length; offset += 16) {
		const row = [...bytes.subarray(offset, offset + 16)];
		const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
		const text = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
		lines.push(`${offset.toString(16).padStart(4, '0')}  ${hex.padEnd(47)}  ${text}`);
	}
	return lines.join('\n');
}
