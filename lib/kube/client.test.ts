import assert from 'node:assert/strict';
import { KubejoinError } from '../errors.ts';
import { allPages } from './client.ts';

/** A server that answers each request in turn; an error is thrown. */
function pages(...answers: (readonly [items: string, token?: string | undefined, resourceVersion?: string] | Error)[]) {
	const asked: string[] = [];
	const read = allPages(
		async (token) => {
			asked.push(token);
			const answer = answers.shift();
			if (answer === undefined || answer instanceof Error) throw answer ?? new Error('asked too often');
			const [items, next, resourceVersion = '7'] = answer;
			return {
				metadata: { resourceVersion, continue: next },
				items: [...items].map((name) => ({ name })),
			};
		},
		(object) => ((object as { name: string }).name === '-' ? [] : [(object as { name: string }).name]),
	);
	return read.then(({ items, resourceVersion }) => ({ items: items.join(''), resourceVersion, asked }));
}

describe('a list of a client', () => {
	const expired = new KubejoinError('API_CONTINUE_EXPIRED', { continue: 'latest' });

	it('joins all pages at the version of the first one, without the objects that the caller drops', async () => {
		assert.deepEqual(await pages(['a-b', 'x'], ['', 'y', '8'], ['c']), {
			items: 'abc',
			resourceVersion: '7',
			asked: ['', 'x', 'y'],
		});
	});

	it('API_CONTINUE_EXPIRED: begins again once, then continues with what there is, at the old version', async () => {
		assert.deepEqual(await pages(['a', 'x'], expired, ['ab', 'y', '9'], ['c', 'z'], expired, ['d', undefined, '12']), {
			items: 'abcd',
			resourceVersion: '9',
			asked: ['', 'x', '', 'y', 'z', 'latest'],
		});
	});

	it('any other failure is thrown', async () => {
		const lost = new KubejoinError('CONNECTION_REFUSED', { target: 't', problem: 'p' });
		await assert.rejects(pages(['a', 'x'], lost), lost);
	});
});
