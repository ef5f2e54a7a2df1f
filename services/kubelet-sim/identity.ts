/**
 * The node's identity on disk, with the layout of a real kubelet: each certificate with its key in a file, a link to
 * the current file that is switched atomically, and a kubeconfig that names the link. After a crash the old identity
 * is complete, or the new one.
 *
 * @source client-go util/certificate certificate_store.go; kubelet certificate/bootstrap
 *   writeKubeconfigFromBootstrapping
 */
import type { X509Certificate } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { rejoinRemedy } from '../../lib/causes.ts';
import type { Clock } from '../../lib/clock.ts';
import { causeText, type DetailsOf, hasCode, KubejoinError } from '../../lib/errors.ts';
import {
	makePrivateDirectory,
	type NewFile,
	type NewLink,
	readFileIfThere,
	removeFile,
	writeWholeFiles,
} from '../../lib/files.ts';
import { parseKubeconfig, writeKubeconfig } from '../../lib/kube/kubeconfig.ts';
import { currentCluster, currentUser } from '../../lib/kube/kubeconfig-access.ts';
import { wellKnown } from '../../lib/kube/types.ts';
import type { NodePaths } from '../../lib/node-paths.ts';
import { certificatesPem, parseCertificates, readSubject } from '../../lib/pki/certificate.ts';
import { readPrivateKey, writePrivateKey } from '../../lib/pki/keys.ts';
import type { Pem } from '../../lib/pki/pem.ts';
import { shellWord } from '../../lib/text.ts';
import { setSpanAttributes } from '../../lib/trace.ts';
import type { TrustedCa, TrustedServer } from './trust.ts';
import { trustedServer } from './trusted-server.ts';

export interface NodeIdentity {
	readonly nodeName: string;
	readonly certificate: Pem;
	readonly key: Pem;
	readonly server: TrustedServer;
	/** Milliseconds since the epoch. */
	readonly notBefore: number;
	/** Milliseconds since the epoch. */
	readonly notAfter: number;
	/** Lower-case hexadecimal digits. */
	readonly serial: string;
}
interface Written extends Pick<NodeIdentity, 'nodeName' | 'certificate' | 'key' | 'server'> {
	/** The first of the certificates. Default: it is parsed again. */
	readonly leaf?: X509Certificate;
}

function identityOf({ nodeName, certificate, leaf, key, server }: Written): NodeIdentity {
	const { validFrom, validTo, serialNumber } = leaf ?? parseCertificates(certificate)[0];
	return {
		nodeName,
		certificate,
		key,
		server,
		notBefore: Date.parse(validFrom),
		notAfter: Date.parse(validTo),
		serial: serialNumber.toLowerCase(),
	};
}

/** Write certificate, key and kubelet.conf, and switch to them. @throws FILE_UNUSABLE */
export async function storeIdentity(paths: NodePaths, written: Written, nowMs: number): Promise<NodeIdentity> {
	await makePrivateDirectory(dirname(paths.clusterCa));
	const pair = await newPair(paths, 'kubelet-client', written, nowMs);
	// kubelet.conf is the last: without it there is no identity.
	await writeWholeFiles([...pair.files, ...serverFiles(paths, written.server)]);
	pair.prune();
	return identityOf(written);
}

/** Older certificates that stay on disk. */
const KEPT_CERTIFICATES = 10;

/**
 * Write certificate and key to a file, and switch to it.
 *
 * @throws FILE_UNUSABLE
 * @differs upstream keeps the files of all certificates, kubejoin the newest ten; upstream's second certificate
 *   within one second overwrites the first, kubejoin adds a number to its name
 */
export async function storeCertificate(paths: NodePaths, written: Written, nowMs: number): Promise<NodeIdentity> {
	await storePair(paths, 'kubelet-client', written, nowMs);
	return identityOf(written);
}

/** Write certificate and key to a file with the time in its name, and switch the link `PREFIX-current.pem` to it. */
export async function storePair(
	paths: NodePaths,
	prefix: PairPrefix,
	written: Pick<Written, 'certificate' | 'key'>,
	nowMs: number,
): Promise<void> {
	const pair = await newPair(paths, prefix, written, nowMs);
	await writeWholeFiles(pair.files);
	pair.prune();
}

type PairPrefix = 'kubelet-client' | 'kubelet-server';

interface NewPair {
	readonly files: readonly (NewFile | NewLink)[];
	/** Removes the oldest files. */
	readonly prune: () => void;
}

async function newPair(
	{ certificateDirectory: directory }: NodePaths,
	prefix: PairPrefix,
	{ certificate, key }: Pick<Written, 'certificate' | 'key'>,
	nowMs: number,
): Promise<NewPair> {
	await makePrivateDirectory(directory);
	const stamp = new Date(nowMs).toISOString().slice(0, 19).replace(/[T:]/g, '-');
	const earlier = storedCertificates(directory, prefix);
	const file = nameThatIsFree(`${prefix}-${stamp}`, earlier);
	const contents = `${certificate.trimEnd()}\n${key.trimEnd()}\n`;
	return {
		files: [
			{ path: join(directory, file), contents, mode: 0o600 },
			{ path: join(directory, `${prefix}-current.pem`), target: file },
		],
		prune() {
			for (const old of earlier.slice(0, -KEPT_CERTIFICATES)) removeFile(join(directory, old));
		},
	};
}

/** @returns file names, the oldest first */
function storedCertificates(directory: string, prefix: string): string[] {
	const withNumber = new RegExp(`^(${prefix}-[\\d-]{19})(?:-(\\d+))?\\.pem$`);
	const sortKey = (name: string) => withNumber.exec(name)?.slice(1) ?? [];
	const names = readdirSync(directory).filter((name) => withNumber.test(name));
	return names.sort((a, b) => {
		const [stampA = '', numberA = '0'] = sortKey(a);
		const [stampB = '', numberB = '0'] = sortKey(b);
		return stampA === stampB ? Number(numberA) - Number(numberB) : stampA < stampB ? -1 : 1;
	});
}

function nameThatIsFree(name: string, taken: readonly string[]): string {
	for (let number = 0; ; number++) {
		const candidate = number === 0 ? `${name}.pem` : `${name}-${number}.pem`;
		if (!taken.includes(candidate)) return candidate;
	}
}

/** Write the API server into kubelet.conf. @throws FILE_UNUSABLE */
export async function storeServer(paths: NodePaths, server: TrustedServer): Promise<void> {
	await writeWholeFiles(serverFiles(paths, server));
}

function serverFiles(paths: NodePaths, server: TrustedServer): NewFile[] {
	const kubeconfig = writeKubeconfig(kubeconfigOf(paths, server));
	setSpanAttributes({ 'kubejoin.kubeconfig': kubeconfig });
	return [
		{ path: paths.clusterCa, contents: server.ca, mode: 0o644 },
		{ path: paths.kubeconfig, contents: kubeconfig, mode: 0o600 },
	];
}

const kubeconfigOf = ({ currentCertificate }: NodePaths, { url, ca }: TrustedServer) => ({
	clusters: [
		{
			name: 'default-cluster',
			cluster: { 'certificate-authority-data': Buffer.from(ca).toString('base64'), server: url },
		},
	],
	users: [
		{ name: 'default-auth', user: { 'client-certificate': currentCertificate, 'client-key': currentCertificate } },
	],
	contexts: [
		{ name: 'default-context', context: { cluster: 'default-cluster', namespace: 'default', user: 'default-auth' } },
	],
	currentContext: 'default-context',
});

/** The file can be whole: another identity is no remedy. */
const UNREADABLE: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EIO', 'EMFILE', 'ENFILE']);

/**
 * Load the identity of an earlier join, expired or not; undefined when there is none.
 *
 * @throws KUBECONFIG_INVALID, CERTIFICATE_MALFORMED, KEY_MALFORMED  the files are damaged
 */
export async function loadIdentity(paths: NodePaths): Promise<NodeIdentity | undefined> {
	const text = await readFileIfThere(paths.kubeconfig);
	if (text === undefined) return undefined;
	try {
		return parseIdentity(text, paths);
	} catch (error) {
		const isDamaged = hasCode(error, 'KUBECONFIG_INVALID', 'CERTIFICATE_MALFORMED', 'KEY_MALFORMED');
		if (!isDamaged || UNREADABLE.has((error.cause as NodeJS.ErrnoException | undefined)?.code ?? '')) throw error;
		// The user has named none of these files, and kubejoin has written all of them.
		const remedy = rejoinRemedy(`rm ${shellWord(paths.kubeconfig)}`, paths.kubeconfig);
		throw new KubejoinError(error.code, { ...error.details, remedy } as DetailsOf<typeof error.code>, { cause: error });
	}
}

function parseIdentity(text: string, paths: NodePaths): NodeIdentity {
	const config = parseKubeconfig(text, paths.kubeconfig);
	const { server, ca, isUnverified, tlsServerName } = currentCluster(config, paths.kubeconfig);
	const { certificate: pem = '' } = currentUser(config, paths.kubeconfig);
	if (ca === undefined || isUnverified)
		throw new KubejoinError('KUBECONFIG_INVALID', {
			path: paths.kubeconfig,
			problem: 'it names no CA for the verification of the API server',
			// `loadIdentity` adds it.
			remedy: '',
		});
	const { leaf, certificate, key } = readPair(pem, paths.currentCertificate);
	const { commonName } = readSubject(leaf);
	// The node wrote this CA after a pin had verified it.
	const trusted = trustedServer({ server, ...(tlsServerName === undefined ? {} : { tlsServerName }) }, ca as TrustedCa);
	const nodeName = commonName.slice(wellKnown.nodeUserPrefix.length);
	return identityOf({ nodeName, certificate, leaf, key, server: trusted });
}

/** Certificate and key of one file. @throws CERTIFICATE_MALFORMED, KEY_MALFORMED */
export function readPair(pem: string, path: string) {
	try {
		const privateKey = readPrivateKey(pem);
		const [leaf] = parseCertificates(pem);
		if (!leaf.checkPrivateKey(privateKey)) throw new Error('the private key does not match the certificate');
		return { leaf, certificate: certificatesPem(pem).join(''), key: writePrivateKey(privateKey) };
	} catch (error) {
		const problem = error instanceof KubejoinError ? error.details.problem : causeText(error);
		const details = { problem: `${path}: ${problem}` };
		throw new KubejoinError(hasCode(error, 'KEY_MALFORMED') ? 'KEY_MALFORMED' : 'CERTIFICATE_MALFORMED', details, {
			cause: error,
		});
	}
}

export const isExpired = ({ notAfter }: Pick<NodeIdentity, 'notAfter'>, clock: Clock): boolean => clock() >= notAfter;
