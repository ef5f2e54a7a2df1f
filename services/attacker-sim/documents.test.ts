import assert from 'node:assert/strict';
import { parseKubeconfig } from '../../lib/kube/kubeconfig.ts';
import { discoveredCluster } from '../../lib/kube/kubeconfig-access.ts';
import { verifyDetached } from '../../lib/pki/jws.ts';
import { forgedClusterInfo, type Materials } from './documents.ts';
import type { Mode } from './modes.ts';

const token = { id: 'abcdef', secret: '0123456789abcdef' };
const genuine = { kubeconfig: 'the genuine one', 'jws-kubeconfig-abcdef': 'a..b', 'jws-kubeconfig-ghijkl': 'c..d' };
const materials: Materials = {
	url: 'https://127.0.0.1:7000',
	ownCa: 'OWN\n',
	clusterCa: 'GENUINE\n',
	genuine: async () => genuine,
	tokens: async () => [token],
};
const read = async (mode: Mode) => {
	const { kubeconfig = '', ...signatures } = await forgedClusterInfo(mode, materials);
	const { server, ca } = discoveredCluster(parseKubeconfig(kubeconfig, 'test'), 'test');
	return { kubeconfig, signatures: signatures as Record<string, string>, server, ca };
};
const isValid = ({ kubeconfig, signatures }: Awaited<ReturnType<typeof read>>): boolean =>
	verifyDetached(signatures['jws-kubeconfig-abcdef'] ?? '', kubeconfig, token.id, token.secret);

describe('the cluster-info of the attacker', () => {
	it('is the genuine one with replay', async () =>
		assert.deepEqual(await forgedClusterInfo('replay', materials), genuine));

	it('has its own CA and address and no signature with forge-unsigned', async () => {
		const { ca, server, signatures } = await read('forge-unsigned');
		assert.deepEqual({ ca, server, signatures }, { ca: 'OWN\n', server: materials.url, signatures: {} });
	});

	it('has a different invalid signature for every token ID with forge-invented-jws', async () => {
		const document = await read('forge-invented-jws');
		assert.deepEqual(Object.keys(document.signatures), ['jws-kubeconfig-abcdef', 'jws-kubeconfig-ghijkl']);
		assert.equal(isValid(document), false);
		assert.notDeepEqual(document.signatures, (await read('forge-invented-jws')).signatures);
	});

	for (const [mode, ca] of [
		['forge-signed', 'OWN\n'],
		['append-ca', 'GENUINE\nOWN\n'],
		['alter-second', 'GENUINE\n'],
		['impersonate', 'GENUINE\n'],
	] as const) {
		it(`has a valid signature, its own address and the CAs ${JSON.stringify(ca)} with ${mode}`, async () => {
			const document = await read(mode);
			assert.deepEqual(
				{ ca: document.ca, server: document.server, isValid: isValid(document) },
				{ ca, server: materials.url, isValid: true },
			);
			assert.equal((await read(mode)).kubeconfig, document.kubeconfig);
		});
	}
});
