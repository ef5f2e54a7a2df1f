/** Manifests that a real kube-apiserver 1.37.2 refused, and the messages of its answers. */
import assert from 'node:assert/strict';
import { recordedLines } from './recorded-lines.ts';
import { administrator, demoServerOfEachTest } from './replay.test.ts';

interface Refused {
	readonly path: string;
	readonly body: string;
	readonly status: number;
	readonly message: string;
}

const refused = recordedLines<Refused>('refusals.jsonl.gz');
const kindOf = ({ path }: Refused): string => path.slice(path.lastIndexOf('/') + 1, path.indexOf('?'));
const kinds = [...new Set(refused.map(kindOf))];

describe('a manifest that upstream refuses', () => {
	const server = demoServerOfEachTest();

	for (const kind of kinds)
		it(`is refused with the same message among ${kind}`, async () => {
			for (const { path, body, status, message } of refused.filter((one) => kindOf(one) === kind)) {
				const headers = { authorization: administrator, 'content-type': 'application/json' };
				const answer = await server().doors.rest('POST', path, headers, body);
				assert.deepEqual([answer.status, JSON.parse(answer.text).message], [status, message], body);
			}
		});
});
