/** The parties of a cluster and the credential that each needs, here and in a cluster of kubeadm. */
import type { Certificates, Cluster, KnownCertificate } from '../api.ts';
import type { CertificateWord } from './certificate-words.ts';
import type { Life } from './map/scene.ts';

export const groups = ['cluster', 'mesh', 'other', 'none', 'attacker'] as const;
export type Group = (typeof groups)[number];

/** A text that is the same in every language is in quotes: a name, a subject or a file. */
type Text = CertificateWord | { readonly value: string };

interface Party {
	readonly group: Group;
	readonly who: Text;
	readonly role: Text;
	/** Of a fresh cluster; that of a certificate that is known replaces it. */
	readonly identity: Text;
	readonly how: CertificateWord;
	readonly issuer: Text;
	/** Below the directory of the PKI; undefined: this mesh lacks it. */
	readonly file?: string;
	readonly kubeadm: Text;
	readonly may: CertificateWord;
}

export interface PartyRow extends Omit<Party, 'file'> {
	readonly id: string;
	readonly file: Text | undefined;
	readonly isPresent: boolean;
	readonly certificate?: KnownCertificate;
	readonly life?: Life;
	/** Of a credential without a certificate. */
	readonly expiry?: number | 'never' | 'hour';
}

const as = (value: string) => ({ value });
const atInit = { how: 'atInit', issuer: 'pki' } as const;
const cluster = { group: 'cluster', ...atInit } as const;
const mesh = { group: 'mesh', ...atInit } as const;
const other = { group: 'other', how: 'atInit' } as const;
const kubernetes = (file: string) => as(`/etc/kubernetes/${file}`);
const KUBELET = 'system:node:';
const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';
const SERVING_SIGNER = 'kubernetes.io/kubelet-serving';

/** @source kubeadm 1.37 phases certs and kubeconfig; kubernetes.io, PKI certificates and requirements */
const parties: readonly Party[] = [
	{
		...{ ...cluster, who: as('kubectl'), role: 'admin', may: 'mayAdmin' },
		...{ identity: as('O=kubeadm:cluster-admins\nCN=kubernetes-admin') },
		...{ file: 'admin/admin.conf', kubeadm: kubernetes('admin.conf') },
	},
	{
		...{ ...cluster, who: as('kubectl'), role: 'emergency', may: 'mayEmergency' },
		...{ identity: as('O=system:masters\nCN=kubernetes-super-admin') },
		...{ file: 'admin/super-admin.conf', kubeadm: kubernetes('super-admin.conf') },
	},
	{
		...{ ...cluster, who: as('kube-apiserver'), role: as('apiserver-sim'), may: 'mayApiServer' },
		...{ identity: as('CN=kube-apiserver') },
		...{ file: 'apiserver-sim/server.crt', kubeadm: kubernetes('pki/apiserver.crt') },
	},
	{
		...{ ...cluster, who: as('kube-apiserver'), role: 'toKubelet', may: 'mayLogs' },
		...{ identity: as('CN=kube-apiserver-kubelet-client') },
		...{ file: 'apiserver-sim/kubelet-client.crt', kubeadm: kubernetes('pki/apiserver-kubelet-client.crt') },
	},
	{
		...{ ...cluster, who: as('controller-manager'), role: as('controller-manager-sim'), may: 'mayApprove' },
		...{ identity: as('CN=system:kube-controller-manager') },
		...{ file: 'controller-manager-sim/controller-manager.conf', kubeadm: kubernetes('controller-manager.conf') },
	},
	{
		...{ ...cluster, who: as('scheduler'), role: 'notRunning', may: 'mayBind' },
		...{ identity: as('CN=system:kube-scheduler') },
		...{ file: 'admin/scheduler.conf', kubeadm: kubernetes('scheduler.conf') },
	},
	{
		...{ ...cluster, who: as('kube-proxy'), role: 'notRunning', may: 'mayProxy' },
		...{ identity: as('CN=system:kube-proxy') },
		...{ file: 'admin/kube-proxy.conf', kubeadm: 'podToken' },
	},
	{
		...{ ...mesh, who: as('token-store'), role: 'server', may: 'mayProve' },
		...{ identity: as('CN=token-store'), file: 'token-store/server.crt', kubeadm: 'none' },
	},
	{
		...{ ...mesh, who: as('token-store'), role: 'toStore', may: 'mayKeyspace' },
		...{ identity: as('CN=token-store'), file: 'token-store/store.crt', kubeadm: 'none' },
	},
	{
		...{ ...mesh, who: as('ca-service'), role: 'server', may: 'mayProve' },
		...{ identity: as('CN=ca-service'), file: 'ca-service/server.crt', kubeadm: 'none' },
	},
	{
		...{ ...mesh, who: as('redis'), role: 'server', may: 'mayProve' },
		...{ identity: as('CN=redis'), file: 'redis/server.crt', kubeadm: kubernetes('pki/etcd/server.crt') },
	},
	{
		...{ ...mesh, who: as('kube-apiserver'), role: 'toStore', may: 'mayKeyspace' },
		...{ identity: as('CN=apiserver-sim') },
		...{ file: 'apiserver-sim/store.crt', kubeadm: kubernetes('pki/apiserver-etcd-client.crt') },
	},
	{
		...{ ...mesh, who: as('kube-apiserver'), role: 'toTokenStore', may: 'mayVerify' },
		...{ identity: as('CN=apiserver-sim'), file: 'apiserver-sim/token-store-client.crt', kubeadm: 'none' },
	},
	{
		...{ ...mesh, who: as('controller-manager'), role: 'toCaService', may: 'maySign' },
		...{ identity: as('CN=system:kube-controller-manager') },
		...{ file: 'controller-manager-sim/mesh-client.crt', kubeadm: 'none' },
	},
	{
		...{ ...other, issuer: 'etcdCa', who: as('etcd'), role: as('peer'), may: 'mayReplicate' },
		...{ identity: as('CN=NODE'), kubeadm: kubernetes('pki/etcd/peer.crt') },
	},
	{
		...{ ...other, issuer: 'etcdCa', who: as('etcd'), role: 'client', may: 'mayProbe' },
		...{ identity: as('CN=kube-etcd-healthcheck-client'), kubeadm: kubernetes('pki/etcd/healthcheck-client.crt') },
	},
	{
		...{ ...other, issuer: 'frontProxyCa', who: as('kube-apiserver'), role: 'client', may: 'mayPassOn' },
		...{ identity: as('CN=front-proxy-client'), kubeadm: kubernetes('pki/front-proxy-client.crt') },
	},
];

const kubelet = (name: string) => ({ group: 'cluster', who: as('kubelet'), role: as(name) }) as const;
const kubeletClient = (name: string): Party => ({
	...{ ...kubelet(name), identity: as(`O=system:nodes\nCN=${KUBELET}${name}`), how: 'bootstrap' },
	...{ issuer: as('ca-service'), kubeadm: as('/var/lib/kubelet/pki/'), may: 'mayKubelet' },
});
const kubeletServer: Party = {
	...{ group: 'other', who: as('kubelet'), role: 'server', identity: as('CN=NAME@TIME'), how: 'selfSigned' },
	...{ issuer: 'itself', kubeadm: as('/var/lib/kubelet/pki/kubelet.crt'), may: 'mayKubeletServer' },
};

export interface Credentials {
	readonly certificates: Certificates | undefined;
	readonly cluster: Cluster | undefined;
	/** The attacker runs, or ran a moment ago. */
	readonly hasAttacker: boolean;
}

export function partyRows({ certificates, cluster, hasAttacker }: Credentials): readonly PartyRow[] {
	const list = certificates?.list ?? [];
	const byFile = new Map(list.flatMap((one) => (one.file === undefined ? [] : [[one.file, one] as const])));
	const issued = list.flatMap((one) => ('serial' in one && one.signer !== undefined ? [one] : []));
	const fixed = parties.map((party): PartyRow => {
		const certificate = party.file === undefined ? undefined : byFile.get(party.file);
		const file = party.file === undefined ? undefined : as(party.file);
		return {
			...party,
			id: party.file ?? text(party.kubeadm),
			file,
			isPresent: file !== undefined,
			...known(certificate),
		};
	});
	const clients = issued.filter(({ signer }) => signer === CLIENT_SIGNER);
	const nodes = new Set((cluster?.nodes ?? []).map(({ name }) => name));
	for (const { commonName } of clients) nodes.add(commonName.replace(KUBELET, ''));
	const kubelets = [...nodes].sort().map((name): PartyRow => {
		const file = as('kubelet-client-current.pem');
		const certificate = clients.find(({ commonName }) => commonName === `${KUBELET}${name}`);
		return { ...kubeletClient(name), id: `kubelet/${name}`, file, isPresent: true, ...known(certificate) };
	});
	const others = [...kubelets, ...servingRows(issued), ...tokenRows(cluster), ...(hasAttacker ? [attackerRow] : [])];
	return groups.flatMap((group) => {
		const own = [...fixed, ...others].filter((row) => row.group === group);
		return own.toSorted((a, b) => rank(a) - rank(b));
	});
}

/** The nodes follow the two admins, because they are what a reader looks for. */
const rank = ({ who, id }: PartyRow): number => (text(who) === 'kubectl' ? 0 : id.startsWith('kubelet') ? 1 : 2);

const known = (certificate: KnownCertificate | undefined) =>
	certificate === undefined ? {} : { certificate, ...('serial' in certificate ? { life: certificate } : {}) };

type IssuedOne = Extract<KnownCertificate, { serial: string }>;

/** Certificates for which a kubelet asked by `serverTLSBootstrap`; without one, the row says what kubeadm has. */
function servingRows(issued: readonly IssuedOne[]): readonly PartyRow[] {
	const serving = issued.filter(({ signer }) => signer === SERVING_SIGNER);
	if (serving.length === 0) return [{ ...kubeletServer, id: 'kubelet-server', file: undefined, isPresent: false }];
	return serving.map((certificate) => ({
		...{ ...kubeletServer, group: 'cluster', how: 'bootstrap', issuer: as('ca-service') },
		...{ id: `kubelet-server/${certificate.commonName}`, file: as('kubelet-server-current.pem'), isPresent: true },
		...known(certificate),
	}));
}

function tokenRows(cluster: Cluster | undefined): readonly PartyRow[] {
	const tokens = (cluster?.tokens ?? []).map(
		({ id, expiresMs }): PartyRow => ({
			...{ group: 'none', who: 'newNode', role: 'bootstrapToken', identity: as(`system:bootstrap:${id}`) },
			...{ how: 'byHand', issuer: 'tokenCreator', file: as(`Secret bootstrap-token-${id}`) },
			...{ kubeadm: as('kube-system'), may: 'mayRequest', id: `token/${id}`, isPresent: true },
			expiry: expiresMs === 0 ? 'never' : expiresMs,
		}),
	);
	return [
		...tokens,
		{
			...{ group: 'none', who: as('Pod'), role: 'serviceAccount', identity: 'jwt', how: 'tokenRequest' },
			...{ issuer: as('kube-apiserver'), file: as('apiserver-sim/sa.key, sa.pub') },
			...{
				kubeadm: kubernetes('pki/sa.key'),
				may: 'mayByRbac',
				id: 'service-account',
				isPresent: true,
				expiry: 'hour',
			},
		},
	];
}

const attackerRow: PartyRow = {
	...{ group: 'attacker', who: as('attacker-sim'), role: 'server', identity: as('CN=kubernetes') },
	...{ how: 'onDemand', issuer: 'ownCa', file: 'inMemory', kubeadm: 'none', may: 'mayNothing' },
	...{ id: 'attacker-sim', isPresent: true },
};

/** The part of a text that does not depend on the language. */
export const text = (value: Text | undefined): string =>
	value === undefined ? '' : typeof value === 'string' ? value : value.value;

/** The certificate's own subject; that of a party whose certificate is not known is the usual one. */
export const identityOf = ({ certificate, identity }: PartyRow): Text =>
	certificate !== undefined && 'serial' in certificate
		? as([...certificate.organizations.map((name) => `O=${name}`), `CN=${certificate.commonName}`].join('\n'))
		: identity;

export interface Filter {
	readonly typed: string;
	readonly isExpiringOnly: boolean;
	readonly isPresentOnly: boolean;
}

/** @param spoken  the row in the language of the reader */
export function matches(row: PartyRow, filter: Filter, spoken: string, isLow: boolean): boolean {
	if (filter.isPresentOnly && !row.isPresent) return false;
	if (filter.isExpiringOnly && !isLow) return false;
	return spoken.toLowerCase().includes(filter.typed.trim().toLowerCase());
}
