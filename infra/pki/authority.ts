/** The CAs of the PKI. An existing CA is kept, and no new one is created while copies of an old one exist. */
import { join } from 'node:path';
import { rfc3339 } from '../../lib/clock.ts';
import { causeText, KubejoinError } from '../../lib/errors.ts';
import { readFileIfThere, writeWholeFile, writeWholeFiles } from '../../lib/files.ts';
import {
	buildCaCertificate,
	createIssuer,
	type Issuer,
	issuerOf,
	parseCertificates,
} from '../../lib/pki/certificate.ts';
import { generateKeyPair, type KeyAlgorithm, readPrivateKey, writePrivateKey } from '../../lib/pki/keys.ts';
import type { Pem } from '../../lib/pki/pem.ts';
import type { CaPlan } from './plan.ts';

export interface Authority {
	readonly issuer: Issuer;
	readonly certificate: Pem;
	readonly path: CaPlan['path'];
}

export interface Surroundings {
	readonly directory: string;
	readonly now: number;
	/** Called with one line for each file. */
	readonly say: (line: string) => void;
}

const caLifeMs = 3650 * 24 * 60 * 60 * 1000;
export const backdateMs = 5 * 60 * 1000;

/** @throws FILE_UNUSABLE  the CA is incomplete, inconsistent or expired, or only copies of it exist */
export async function keepOrMakeAuthority(
	plan: CaPlan,
	algorithm: KeyAlgorithm,
	surroundings: Surroundings,
): Promise<Authority> {
	const { directory, say } = surroundings;
	const [certificate, key] = await Promise.all([
		readFileIfThere(join(directory, `${plan.path}.crt`)),
		readFileIfThere(join(directory, `${plan.path}.key`)),
	]);
	const isNew = certificate === undefined && key === undefined;
	const authority = isNew
		? await makeAuthority(plan, algorithm, surroundings)
		: keptAuthority(plan, certificate, key, surroundings);
	const validity = `valid until ${rfc3339(authority.issuer.notAfter)}`;
	say(`${isNew ? 'made' : 'kept'} ${plan.path}.crt and .key: CN=${plan.commonName}, ${validity}`);
	for (const copy of plan.copies) {
		const path = `${copy}.crt`;
		const isSame = (await readFileIfThere(join(directory, path))) === authority.certificate;
		if (!isSame) await writeWholeFile(join(directory, path), authority.certificate, 0o644);
		say(`${isSame ? 'kept' : 'made'} ${path}: the certificate of CN=${plan.commonName}`);
	}
	return authority;
}

function keptAuthority(
	plan: CaPlan,
	certificate: string | undefined,
	key: string | undefined,
	{ directory, now }: Surroundings,
): Authority {
	const refuse = (file: string, problem: string, cause?: unknown): never => {
		throw new KubejoinError('FILE_UNUSABLE', { path: join(directory, `${plan.path}.${file}`), problem }, { cause });
	};
	if (certificate === undefined) return refuse('crt', 'the certificate of the CA is missing and its key exists');
	if (key === undefined) return refuse('key', 'the key of the CA is missing and its certificate exists');
	const read = <T>(file: string, reader: () => T): T => {
		try {
			return reader();
		} catch (error) {
			return refuse(file, `the CA is unusable: ${causeText(error)}`, error);
		}
	};
	const privateKey = read('key', () => readPrivateKey(key));
	const issuer = read('crt', () => issuerOf(certificate, privateKey));
	if (now > issuer.notAfter) return refuse('crt', `the CA expired at ${rfc3339(issuer.notAfter)}`);
	return { issuer, certificate, path: plan.path };
}

async function makeAuthority(
	plan: CaPlan,
	algorithm: KeyAlgorithm,
	{ directory, now }: Surroundings,
): Promise<Authority> {
	for (const copy of plan.copies) {
		const path = join(directory, `${copy}.crt`);
		if ((await readFileIfThere(path)) !== undefined) {
			throw new KubejoinError('FILE_UNUSABLE', {
				path,
				problem: `it is a copy of the certificate of the CA, ${plan.path}.crt, which is missing`,
			});
		}
	}
	const keys = await generateKeyPair(algorithm);
	const { commonName, dnsNames } = plan;
	const certificate = buildCaCertificate(
		{ commonName, dnsNames, notBefore: now - backdateMs, notAfter: now - backdateMs + caLifeMs },
		keys,
	);
	const path = join(directory, plan.path);
	await writeWholeFiles([
		{ path: `${path}.key`, contents: writePrivateKey(keys.privateKey), mode: 0o600 },
		{ path: `${path}.crt`, contents: certificate, mode: 0o644 },
	]);
	return { issuer: createIssuer(parseCertificates(certificate)[0], keys.privateKey), certificate, path: plan.path };
}
