/**
 * Metrics of the CA: signatures and refusals by signer, and the expiration of the CA certificate. No subject, no serial
 * number.
 */
import { Counter, Gauge } from 'prom-client';
import { isKnownSigner } from '../../lib/kube/signer-rules.ts';
import { OTHER, type Registry } from '../../lib/metrics.ts';
import type { Issuer } from '../../lib/pki/certificate.ts';
import type { Observe } from '../../lib/rpc/server.ts';

export interface CaMetrics {
	/** A certificate was signed; one that was given out again was not. */
	readonly signed: (signerName: string) => void;
	readonly observe: Observe;
}

/** A caller may name any signer. */
const signerOf = (name: unknown): string => (typeof name === 'string' && isKnownSigner(name) ? name : OTHER);

export function caMetrics(registry: Registry, { notAfter }: Pick<Issuer, 'notAfter'>): CaMetrics {
	const registers = [registry];
	const signings = new Counter({
		name: 'kubejoin_ca_signings_total',
		help: 'Certificates that were signed, and requests that were refused with a code, by signer.',
		labelNames: ['signer', 'outcome', 'code'],
		registers,
	});
	new Gauge({
		name: 'kubejoin_ca_certificate_expiration_timestamp_seconds',
		help: 'When the certificate of the cluster CA expires, in seconds since 1970.',
		registers,
	}).set(notAfter / 1000);
	return {
		signed: (signerName) => signings.inc({ signer: signerOf(signerName), outcome: 'done', code: 'OK' }),
		observe:
			({ method }) =>
			(request) =>
			(ending) => {
				if (method !== 'Sign' || typeof ending === 'string') return;
				signings.inc({
					signer: signerOf((request as { signerName?: unknown }).signerName),
					outcome: 'failed',
					code: ending.code,
				});
			},
	};
}
