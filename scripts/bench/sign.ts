/**
 * Measures the rate of signing certificate requests, in one process and without a network: `node
 * dist/scripts/bench/sign.js`. Machines differ, so the same run measures plain P-256 signatures too and prints the
 * ratio.
 */
import { sign, X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../lib/clock.ts';
import { wellKnown } from '../../lib/kube/types.ts';
import { buildCaCertificate, createIssuer } from '../../lib/pki/certificate.ts';
import { createCsr } from '../../lib/pki/csr.ts';
import { generateKeyPair, type KeyAlgorithm, keyAlgorithms } from '../../lib/pki/keys.ts';
import { openLedger } from '../../services/ca-service/ledger.ts';
import { createSigner } from '../../services/ca-service/sign.ts';

const certificates = 3000;
const atOnce = 100;
const rounds = 3;

async function runsPerSecond(runs: number, run: () => Promise<void>): Promise<number> {
	const start = performance.now();
	await run();
	return (runs * 1000) / (performance.now() - start);
}

async function medianOf(measure: () => Promise<number>): Promise<number> {
	const rates: number[] = [];
	for (let round = 0; round < rounds; round++) rates.push(await measure());
	return rates.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0;
}

async function measureSigner(caAlgorithm: KeyAlgorithm, directory: string): Promise<number> {
	const caKeys = await generateKeyPair(caAlgorithm);
	const now = systemClock();
	const ca = buildCaCertificate(
		{ commonName: 'kubernetes', dnsNames: ['kubernetes'], notBefore: now, notAfter: now + 86_400_000 },
		caKeys,
	);
	const ledger = await openLedger(join(directory, `${caAlgorithm}.jsonl`));
	const signRequest = createSigner({
		issuer: createIssuer(new X509Certificate(ca), caKeys.privateKey),
		clock: systemClock,
		ledger,
	});
	const nodeKeys = await generateKeyPair('ECDSA-P256');
	const csrPem = createCsr(
		{ subject: { organizations: [wellKnown.groups.nodes], commonName: `${wellKnown.nodeUserPrefix}bench` } },
		nodeKeys,
	);
	let last = 0;
	const one = () =>
		signRequest({
			requestId: `${last++}`,
			csrPem,
			signerName: wellKnown.signers.clientKubelet,
			usages: ['digital signature', 'client auth'],
		});
	const rate = await medianOf(() =>
		runsPerSecond(certificates, async () => {
			for (let done = 0; done < certificates; done += atOnce) await Promise.all(Array.from({ length: atOnce }, one));
		}),
	);
	await ledger.close();
	return rate;
}

async function main(): Promise<void> {
	const directory = await mkdtemp(join(tmpdir(), 'kubejoin-bench-'));
	try {
		const { privateKey } = await generateKeyPair('ECDSA-P256');
		const bytes = Buffer.alloc(500);
		const bare = await medianOf(() =>
			runsPerSecond(20_000, async () => {
				for (let i = 0; i < 20_000; i++) sign('sha256', bytes, privateKey);
			}),
		);
		process.stdout.write(`plain P-256 signatures: ${Math.round(bare)}/s\n`);
		for (const algorithm of keyAlgorithms) {
			const rate = await measureSigner(algorithm, directory);
			const cost = `the time of ${(bare / rate).toFixed(1)} plain signatures each`;
			process.stdout.write(`certificates of a ${algorithm} CA, with ledger: ${Math.round(rate)}/s, ${cost}\n`);
		}
	} finally {
		await rm(directory, { recursive: true });
	}
}

await main();
