import assert from 'node:assert/strict';
import { KubejoinError } from '../../lib/errors.ts';
import type { ApiClient } from '../../lib/kube/client.ts';
import { buildCaCertificate } from '../../lib/pki/certificate.ts';
import { generateKeyPair } from '../../lib/pki/keys.ts';
import { acrossExpiry } from './use-certificate.ts';

describe('a certificate on a connection that outlives it', () => {
	const notAfter = Date.UTC(2026, 5, 1);
	let cert: string;
	let nowMs: number;
	before(async () => {
		const days = { notBefore: notAfter - 86_400_000, notAfter };
		cert = buildCaCertificate({ commonName: 'x', dnsNames: [], ...days }, await generateKeyPair('ECDSA-P256'));
	});
	beforeEach(() => {
		nowMs = notAfter - 10_000;
	});

	/** @param checksEachRequest  whether the server checks the expiry for each request */
	function ask(checksEachRequest: boolean): Promise<readonly string[]> {
		const review = { status: { userInfo: { username: 'eve', groups: ['g'] } } };
		const selfSubjectReviews = {
			create: async () => {
				if (checksEachRequest && nowMs > notAfter) throw new KubejoinError('API_UNAUTHORIZED', {});
				return review;
			},
		};
		const wait = async (ms: number) => {
			nowMs += ms;
		};
		return acrossExpiry({ selfSubjectReviews } as unknown as ApiClient, cert, { now: () => nowMs, wait });
	}

	it('is refused after its expiry by a server that checks each request, and the first answer is printed, too', async () => {
		const [outcome, first] = await ask(true);
		assert.match(outcome ?? '', /^outcome: refused API_UNAUTHORIZED/);
		assert.equal(first, 'before its expiry: outcome: accepted as eve, groups g');
		assert.ok(nowMs > notAfter);
	});

	it('is accepted after its expiry by a server that checks only the handshake', async () => {
		assert.match((await ask(false))[0] ?? '', /^outcome: accepted as eve/);
	});
});
