import assert from 'node:assert/strict';
import { stripVTControlCharacters } from 'node:util';
import { KubejoinError } from '../../lib/errors.ts';
import { maskSecrets } from '../../lib/text.ts';
import { modeNames, modes } from './modes.ts';
import { capturedText, connectedText, heardText, listeningText, refusedText, warning } from './output.ts';

const plain = stripVTControlCharacters;
const hostile = 'a\u001b[2J\nb';

describe('the output of the attacker', () => {
	it('warns before it starts', () =>
		assert.match(plain(warning()), /^\nTHIS IS AN ATTACKER for the simulated mesh of this project only\.\n/));

	for (const mode of modeNames)
		it(`describes its power and its attack with ${mode}`, () => {
			const text = listeningText(mode, '127.0.0.1:7000', '127.0.0.1:6443');
			assert.ok(text.startsWith('[attacker] On 127.0.0.1:7000, between a node and 127.0.0.1:6443. Power P'));
			assert.ok(text.includes(`Power ${modes[mode].power}: `));
			assert.ok(text.endsWith(`Mode ${mode}: ${modes[mode].does}`));
		});

	it('names each connection', () => assert.equal(connectedText('127.0.0.1:9'), '[attacker] 127.0.0.1:9 connected'));

	it('names the method and the credential of a request', () =>
		assert.equal(
			heardText('/kubejoin.v1.Nodes/Create', 'without a credential', 0),
			'[attacker] received Nodes/Create, without a credential',
		));

	it('counts the bytes of a token that a request contains', () =>
		assert.equal(
			plain(heardText('/kubejoin.v1.Nodes/Create', 'without a credential', 16)),
			"[attacker] received Nodes/Create, without a credential: 16 bytes of a token's secret were sent to it",
		));

	it('prints a bearer token only masked', () => {
		const line = heardText('/kubejoin.v1.Nodes/Create', 'with Bearer abcdef.0123456789abcdef', 16);
		assert.equal(maskSecrets(line).includes('0123456789abcdef'), false);
	});

	it('names a captured node and its certificate', () =>
		assert.equal(
			plain(capturedText('node-1', 'ab12')),
			'[attacker] CAPTURED node-1: it trusts the attacker as its cluster; certificate ab12',
		));

	it('contains no control characters of a caller', () => {
		for (const text of [capturedText(hostile, 'ab'), heardText('/x/y', `with ${hostile}`, 0)]) {
			assert.equal(text.includes('\u001b[2J'), false);
			assert.equal(text.includes('\n'), false);
		}
	});

	it('begins a refused attempt with its code', () => {
		const error = new KubejoinError('CONNECTION_REFUSED', { target: 'h:1', problem: 'x' });
		assert.equal(refusedText(error), `outcome: refused CONNECTION_REFUSED: ${error.message}`);
	});
});
