import assert from 'node:assert/strict';
import { type ErrorCode, hasCode, KubejoinError } from '../../lib/errors.ts';
import { requireNearTarget, requireOwnAddress, requireProof } from './guard-rails.ts';

const at =
	(...addresses: string[]) =>
	async () =>
		addresses;
const isNotAllowed = (error: unknown): boolean => hasCode(error, 'ATTACK_NOT_ALLOWED');

describe('the guard rails', () => {
	for (const target of [
		'127.0.0.1:6443',
		'127.9.9.9:1',
		'[::1]:6443',
		'10.1.2.3:6443',
		'172.18.0.5:6443',
		'192.168.4.4:6443',
		'[fd00::5]:6443',
	])
		it(`allow the target ${target}`, () => requireNearTarget(target, 'apiserver-sim', at()));

	for (const target of [
		'8.8.8.8:6443',
		'172.32.0.1:6443',
		'[2001:db8::1]:6443',
		'169.254.169.254:80',
		'0.0.0.0:6443',
		'example.com:6443',
		'ca-service:6444',
		'127.0.0.1',
	])
		it(`refuse the target ${target}`, () =>
			assert.rejects(requireNearTarget(target, 'apiserver-sim', at('127.0.0.1')), isNotAllowed));

	it('allow the name of a service only with a local or private address', async () => {
		await requireNearTarget('apiserver-sim:6443', 'apiserver-sim', at('172.18.0.5'));
		await requireNearTarget('localhost:6443', 'ca-service', at('127.0.0.1', '::1'));
		await assert.rejects(
			requireNearTarget('apiserver-sim:6443', 'apiserver-sim', at('172.18.0.5', '203.0.113.9')),
			isNotAllowed,
		);
		await assert.rejects(requireNearTarget('localhost:6443', 'apiserver-sim', at('203.0.113.9')), isNotAllowed);
		await assert.rejects(
			requireNearTarget('apiserver-sim:6443', 'apiserver-sim', () => Promise.reject(new Error('ENOTFOUND'))),
			isNotAllowed,
		);
	});

	it('allow listening only on loopback and on a private address of this machine', () => {
		const own = ['127.0.0.1', '172.18.0.9', '203.0.113.5'];
		for (const address of ['127.0.0.1', '127.0.0.2', '::1', '172.18.0.9']) requireOwnAddress(address, own);
		for (const address of ['0.0.0.0', '::', '203.0.113.5', '172.18.0.10', 'localhost', ''])
			assert.throws(() => requireOwnAddress(address, own), isNotAllowed);
	});

	it('require an answer or a refusal of the API', async () => {
		const refusing = (error: Error) => () => Promise.reject(error);
		const details = { resource: 'configmaps', group: '', name: 'cluster-info', because: 'x' };
		await requireProof('127.0.0.1:1', async () => ({}));
		await requireProof('127.0.0.1:1', refusing(new KubejoinError('API_FORBIDDEN', details)));
		for (const code of ['PEER_REFUSED', 'CONNECTION_REFUSED'] satisfies ErrorCode[])
			await assert.rejects(
				requireProof('127.0.0.1:1', refusing(new KubejoinError(code, { target: '127.0.0.1:1', problem: 'x' }))),
				isNotAllowed,
			);
		await assert.rejects(
			requireProof('127.0.0.1:1', refusing(new KubejoinError('API_PATH_NOT_FOUND', {}))),
			isNotAllowed,
		);
	});
});
