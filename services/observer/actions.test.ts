import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parse } from 'yaml';
import { readAction, withWrongPin } from './actions.ts';

describe('what the page asks for', () => {
	it('is one of six actions, with the name of a request or an experiment where one is needed', () => {
		assert.deepEqual(readAction('join', { request: 'ignored' }), { name: 'join' });
		assert.deepEqual(readAction('deny', { request: 'node-csr-x_Y9' }), { name: 'deny', request: 'node-csr-x_Y9' });
		for (const body of [
			undefined,
			null,
			'x',
			{},
			{ request: 7 },
			{ request: '' },
			{ request: '--all' },
			{ request: 'a b' },
			{ request: 'a'.repeat(254) },
		]) {
			assert.equal(readAction('approve', body), undefined);
		}
		assert.equal(readAction('delete', { request: 'x' }), undefined);
		assert.deepEqual(readAction('run-experiment', { experiment: 'wrong-pin', more: 1 }), {
			name: 'run-experiment',
			experiment: 'wrong-pin',
		});
		for (const experiment of [undefined, 7, '', '--all', '../chaos', 'a b', 'wrong-pin\n'])
			assert.equal(readAction('run-experiment', { experiment }), undefined);
		assert.deepEqual(readAction('stop-experiment', undefined), { name: 'stop-experiment' });
	});

	it('never becomes a flag of a command', () => {
		fc.assert(
			fc.property(fc.constantFrom('approve', 'deny', 'run-experiment'), fc.anything(), (name, text) => {
				const action = readAction(name, { request: text, experiment: text });
				for (const value of Object.values(action ?? {})) assert.ok(!value.startsWith('-'), value);
			}),
		);
	});

	it('the wrong pin is the pin of nobody, and all else stays', () => {
		const config = {
			kind: 'JoinConfiguration',
			discovery: { bootstrapToken: { token: 't', caCertHashes: [`sha256:${'a'.repeat(64)}`] } },
		};
		const wrong = parse(withWrongPin(JSON.stringify(config))) as typeof config;
		assert.match(wrong.discovery.bootstrapToken.caCertHashes[0] ?? '', /^sha256:[0-9a-f]{64}$/);
		assert.notDeepEqual(wrong.discovery.bootstrapToken.caCertHashes, config.discovery.bootstrapToken.caCertHashes);
		assert.equal(wrong.discovery.bootstrapToken.token, 't');
	});
});
