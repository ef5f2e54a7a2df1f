/** Each recorded shape of a request, against an API server in this process. */
import assert from 'node:assert/strict';
import { storeOfEachTest } from '../fixtures.test.ts';
import { answerOf, inGoForm } from './answer.ts';
import { differences } from './compare.ts';
import { type Exchange, exchanges } from './exchange.ts';
import { knownDifferences } from './known-differences.ts';
import { reduced } from './reduce.ts';
import { openServer, replay } from './replay.test.ts';

const comparedHeaders = ['content-type', 'cache-control', 'vary', 'warning', 'x-content-type-options', 'accept-ranges'];
/** Headers with a value of the server's own: only their presence is compared. */
const presentHeaders = ['etag', 'last-modified'];

const headersOf = (headers: Readonly<Record<string, unknown>>) =>
	Object.fromEntries([
		...comparedHeaders.filter((name) => name in headers).map((name) => [name, headers[name]]),
		...presentHeaders.filter((name) => name in headers).map((name) => [name, 'present']),
	]);

const isKnown = (shape: string, line: string) =>
	knownDifferences.filter(
		({ requests, difference }) => (requests === undefined || requests.test(shape)) && difference.test(line),
	);

describe('the answers to recorded requests', () => {
	const store = storeOfEachTest();
	const used = new Set<object>();

	async function differencesOf(exchange: Exchange): Promise<string[]> {
		const server = await openServer(store(), exchange.at);
		try {
			const { status, headers, body } = await replay(exchange, server);
			const { answerHeaders, answer } = exchange;
			const read = answerOf(body, exchange);
			const found = exchange.answeredAs?.startsWith('protobuf') ? withoutNulls(read) : reduced(read, exchange);
			const wanted = exchange.answeredAs?.startsWith('protobuf') ? withoutNulls(asRead(answer)) : answer;
			if (status !== exchange.status) return [`status: wanted ${exchange.status}, found ${status}`];
			return [
				...differences(headersOf(answerHeaders), headersOf(headers), 'headers'),
				...differences(wanted ?? '', found ?? '', 'body'),
			];
		} finally {
			server.doors.close();
		}
	}

	for (const [at, exchange] of exchanges.entries()) {
		const { shape, status, command } = exchange;
		it(`are those of upstream: ${shape} ${status} (${command}, ${at})`, async () => {
			const unknown: string[] = [];
			for (const line of await differencesOf(exchange)) {
				const known = isKnown(shape, line);
				for (const row of known) used.add(row);
				if (known.length === 0) unknown.push(line);
			}
			assert.deepEqual(unknown, []);
		});
	}

	after('each known difference still exists', function () {
		const passed = this.test?.parent?.tests.every(({ state }) => state === 'passed') === true;
		if (!passed) return;
		const gone = knownDifferences.filter((row) => !used.has(row)).map(({ reason }) => reason);
		assert.deepEqual(gone, [], 'these differences no longer exist: remove them from known-differences.ts');
	});
});

/** In the form that a client reads. */
const asRead = (answer: unknown): unknown => (Array.isArray(answer) ? answer.map(inGoForm) : inGoForm(answer));

/** Protobuf does not distinguish a missing field from one that Go writes as null. */
const withoutNulls = (value: unknown): unknown =>
	JSON.parse(JSON.stringify(value), (_name, entry) => (entry === null || entry === '' ? undefined : entry));
