/** The CA of another cluster, created by the same program as the CA of every cluster. */
import { join } from 'node:path';
import { KubejoinError } from '../../../lib/errors.ts';
import { readText } from '../../../lib/files.ts';
import { parseCertificates } from '../../../lib/pki/certificate.ts';
import { spkiPin } from '../../../lib/pki/pin.ts';
import { runProgram } from '../../../lib/process-supervisor.ts';
import type { LabContext } from '../context.ts';

/** @param keyAlgorithm  of the CA's key: `RSA-2048`, `ECDSA-P256` @returns path of the CA's certificate */
export async function otherClusterCa({ directory, info }: LabContext, keyAlgorithm: string): Promise<string> {
	const pki = join(directory, `other-cluster-${keyAlgorithm}`);
	const settings = { PKI_DIRECTORY: pki, API_SERVER: `https://${info.endpoint}`, CA_KEY_ALGORITHM: keyAlgorithm };
	const { code, stderr } = await runProgram({ name: 'pki', program: 'infra/pki/main.js', settings });
	if (code !== 0) throw new KubejoinError('SERVICE_FAILED', { service: 'infra/pki', problem: stderr.trim() });
	return join(pki, 'admin/ca.crt');
}

export async function otherClusterPin(context: LabContext): Promise<string> {
	return spkiPin(parseCertificates(readText(await otherClusterCa(context, 'RSA-2048')))[0]);
}
