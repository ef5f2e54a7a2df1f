/** Bodies with spans as large as the observer keeps them, encoded once. */
const SPANS = 20;
const ID_DIGITS = 16;
const PLACEHOLDER = '#'.repeat(ID_DIGITS);

const attributes = JSON.stringify(
	Array.from({ length: 32 }, (_, at) => ({ key: `a${at}`, value: { stringValue: 'a'.repeat(500) } })),
);
const span =
	`{"traceId":"${PLACEHOLDER}${PLACEHOLDER}","spanId":"${PLACEHOLDER}","name":"join","kind":1,` +
	`"startTimeUnixNano":"1","endTimeUnixNano":"2","attributes":${attributes}}`;
const body = Buffer.from(
	`{"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{},"spans":[${Array(SPANS).fill(span).join()}]}]}]}`,
);

/** The offsets of the three placeholders of each span. */
const placeholders: readonly number[] = (() => {
	const found: number[] = [];
	for (let at = body.indexOf(PLACEHOLDER); at !== -1; at = body.indexOf(PLACEHOLDER, at + ID_DIGITS)) found.push(at);
	return found;
})();

/** Each span is the only one of its trace. */
export function fullBodies(): { readonly next: () => Buffer } {
	let spans = 1;
	return {
		next() {
			const bytes = Buffer.from(body);
			placeholders.forEach((at, index) => {
				bytes.write((spans + Math.floor(index / 3)).toString(16).padStart(ID_DIGITS, '0'), at);
			});
			spans += SPANS;
			return bytes;
		},
	};
}

const SLOW_BODY_BYTES = 100_000;
/** The rest of the headers and the first bytes of a body that never ends. */
export const SLOW_BODY_HEAD = `Content-Type: application/json\r\nContent-Length: ${SLOW_BODY_BYTES}\r\n\r\n{"resourceSpans":[`;
