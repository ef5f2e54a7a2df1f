/**
 * Updates that a real kube-apiserver 1.37.2 refused, and writes that it answered with warnings. The first row of each
 * kind creates the object.
 */
import assert from 'node:assert/strict';
import { recordedLines } from './recorded-lines.ts';
import { administrator, demoServerOfEachTest } from './replay.test.ts';

interface Write {
	readonly kind: string;
	readonly method: string;
	readonly path: string;
	readonly type: string;
	readonly body: string;
	readonly status: number;
	/** Of a refusal; that of a changed pod ends before upstream's listing of the differences. */
	readonly message?: string;
	readonly warnings: readonly string[];
}

const writes = recordedLines<Write>('writes.jsonl.gz');
const kinds = [...new Set(writes.map(({ kind }) => kind))];

describe('a write that upstream refuses or warns about', () => {
	const server = demoServerOfEachTest();

	for (const kind of kinds)
		it(`has the same message and warnings: ${kind}`, async () => {
			for (const write of writes.filter((one) => one.kind === kind)) {
				const { method, path, type, body, status, message, warnings } = write;
				const headers = { authorization: administrator, 'content-type': type, 'user-agent': 'cmp/1' };
				const answer = await server().doors.rest(method, path, headers, body);
				const sent = answer.headers.warning;
				const found = sent === undefined ? [] : String(sent).split(/, (?=299 - )/);
				const refusal = answer.status < 400 ? undefined : JSON.parse(answer.text).message;
				assert.deepEqual([answer.status, refusal, found], [status, message, warnings], `${method} ${path} ${body}`);
			}
		});
});
