/** The report of a join that ends early: `--until` and `--dry-run`. */
import { relative } from 'node:path';
import type { NodePaths } from '../../lib/node-paths.ts';
import { parseCertificates } from '../../lib/pki/certificate.ts';
import { spkiPin } from '../../lib/pki/pin.ts';
import { printableLines } from '../../lib/text.ts';
import type { PartOfJoin } from './node.ts';

/** Who trusts whom after the last phase. */
export function trustText(part: PartOfJoin, lastPhase: string): string {
	const { server, pinnedCa, fileCa, signedKubeconfig, claimedClusterInfo, settings, keyPair, claimedCertificate } =
		part;
	const words = credentialWords[credentialOf(part)];
	const ca = pinnedCa ?? fileCa;
	const caText = ca === undefined ? [] : [`cluster CA: trusted, ${parseCertificates(ca).map(spkiPin).join(', ')}`];
	const lines = [
		...(signedKubeconfig === undefined && claimedClusterInfo !== undefined
			? ['cluster-info: not trusted, received from a server that is not verified']
			: []),
		...(signedKubeconfig === undefined ? [] : ['cluster-info: its author knows the token']),
		...caText,
		server === undefined
			? words.unsent
			: `API server: trusted, ${server.url}, verified with ${ca === undefined ? 'an unpinned CA' : 'this CA'}`,
		...(settings === undefined ? [] : [words.accepted]),
		...(keyPair === undefined ? [] : ['private key: on this node only']),
		...(claimedCertificate === undefined ? [] : ['cluster: trusts this node, its CA has signed the key']),
		...(part.identity === undefined ? [] : ['certificate: verified, and stored as the identity of the node']),
	];
	return [`[join] Stopped after ${lastPhase}:`, ...lines.map((line) => `  ${printableLines(line)}`)].join('\n');
}

/** Of a discovery file that is not read yet, the credential is unknown. */
function credentialOf({ credential }: PartOfJoin): keyof typeof credentialWords {
	if (credential === undefined) return 'unknown';
	return 'certificate' in credential ? 'certificate' : 'token';
}

const credentialWords = {
	token: {
		unsent: 'API server: not trusted; the token was not sent',
		accepted: 'token: sent and accepted',
	},
	certificate: {
		unsent: 'API server: not trusted; the client certificate was not sent',
		accepted: 'client certificate: sent and accepted',
	},
	unknown: {
		unsent: 'API server: not trusted; no credential was sent',
		accepted: 'credential: sent and accepted',
	},
} as const;

/**
 * @source kubeadm util/dryrun PrintDryRunFiles, phases/join kubelet.go
 * @differs kubeadm also prints the objects that it reads, and ends with the text of a join that succeeded
 */
export function dryRunText({ settings, nodeName }: PartOfJoin, { root, ...paths }: NodePaths): string {
	const wouldWrite = (path: string) => `[dryrun] Would write file "${relative(root, path)}"`;
	return [
		wouldWrite(paths.bootstrapKubeconfig),
		`${wouldWrite(paths.kubeletConfiguration)} with content:`,
		printableLines(settings?.kubeletConfiguration.trimEnd() ?? ''),
		wouldWrite(paths.clusterCa),
		`[dryrun] Would create a certificate signing request for system:node:${nodeName}, and wait for its certificate`,
		wouldWrite(paths.currentCertificate),
		wouldWrite(paths.kubeconfig),
		`[dryrun] Would create the Node "${nodeName}" and its Lease`,
		'[dryrun] Finished dry-running successfully. The node and the cluster are unchanged',
	].join('\n');
}
