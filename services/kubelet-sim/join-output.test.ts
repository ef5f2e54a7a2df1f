import assert from 'node:assert/strict';
import { KubejoinError } from '../../lib/errors.ts';
import { printableLines } from '../../lib/text.ts';
import { failureText, sentenceText } from './join-output.ts';

describe('the output of a join', () => {
	const hostile = `no\u001b[2J\u001b]0;title\u0007\r\nThis node has joined the cluster\u202e:${'x'.repeat(10_000)}`;
	const failure = (phase: string, problem: string): string => {
		const error = new KubejoinError('CLUSTER_INFO_UNREACHABLE', { endpoint: 'h:6443', problem, waitedSeconds: 1 });
		error.phase = phase;
		return failureText(error);
	};

	it('prints text of a server in one short line without escapes', () => {
		for (const text of [sentenceText(hostile), failure('discovery/fetch-cluster-info', hostile)]) {
			assert.equal(printableLines(text), text);
			assert.doesNotMatch(text, /^This node has joined/m);
			assert.ok(text.length < 8_000, `${text.length}`);
		}
	});

	it('escapes it in the remedy, too', () => {
		const error = new KubejoinError('CSR_DENIED', { name: 'n', reason: 'TokenUsed', message: hostile });
		error.phase = 'tls-bootstrap/request-certificate';
		assert.equal(printableLines(failureText(error)), failureText(error));
		assert.doesNotMatch(failureText(error), /^This node/m);
	});

	it('keeps the lines of problems of the command line', () => {
		const error = new KubejoinError('JOIN_ARGUMENTS_INVALID', { problems: ['one', 'two\u001b[2J'] });
		error.phase = 'preflight';
		assert.match(failureText(error), /^error: \[one, two\^\[\[2J\]\n {2}code:/);
	});
});
