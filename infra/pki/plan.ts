/**
 * The files of each program. The cluster CA signs for the Kubernetes API; the mesh CA signs for calls between
 * services, as upstream has a separate CA for etcd. So no certificate of the cluster CA can authenticate a service.
 */
import { ipBytes } from '../../lib/address.ts';
import { KubejoinError } from '../../lib/errors.ts';
import type { Subject } from '../../lib/pki/names.ts';
import type { Usage } from '../../lib/pki/usages.ts';
import { type TracedProgram, tracedPrograms, tracesKeyPath } from '../../lib/traces-key.ts';

export type CaName = 'cluster' | 'mesh';

/** A CA and its copies. Paths are below the PKI directory, without `.crt` and `.key`. */
export interface CaPlan {
	readonly commonName: string;
	readonly dnsNames: readonly string[];
	readonly path: string;
	/** Of the certificate, without the key. */
	readonly copies: readonly string[];
}

export interface LeafPlan {
	/** Without `.crt` and `.key`. */
	readonly path: string;
	readonly ca: CaName;
	readonly subject: Subject;
	readonly purpose: 'client auth' | 'server auth';
	/** DNS names and IP addresses. */
	readonly hosts: readonly string[];
}

export interface KubeconfigPlan {
	readonly path: string;
	readonly user: string;
	readonly subject: Subject;
}

/** A Redis user, the file of its password, and the only keyspace that it can use. */
export interface StoreUserPlan {
	readonly user: string;
	readonly passwordPath: string;
	readonly keyspace: string;
}

export interface PkiPlan {
	readonly directories: readonly string[];
	readonly cas: Readonly<Record<CaName, CaPlan>>;
	readonly leaves: readonly LeafPlan[];
	readonly kubeconfigs: readonly KubeconfigPlan[];
	readonly storeUsers: readonly StoreUserPlan[];
	/** Key pair that signs service-account tokens. */
	readonly serviceAccountPath: string;
	readonly aclPath: string;
	/** For the observer: a JSON object of certificates as PEM, by the file that each is in. */
	readonly publishedPath: string;
	/** The key of the observer, from which the keys of all programs that send traces are derived. */
	readonly tracesRootPath: string;
	readonly tracesKeys: readonly { readonly program: TracedProgram; readonly path: string }[];
}

/** @source kubeadm: every leaf has these two and its purpose */
export const leafUsages = (purpose: LeafPlan['purpose']): Usage[] => ['digital signature', 'key encipherment', purpose];

const localHosts = ['localhost', '127.0.0.1', '::1'];
/** The first address of kubeadm's default service range. */
const serviceAddress = '10.96.0.1';
const apiServerHosts = [
	'kubernetes',
	'kubernetes.default',
	'kubernetes.default.svc',
	'kubernetes.default.svc.cluster.local',
	'apiserver-sim',
	serviceAddress,
	...localHosts,
];

const named = (commonName: string, ...organizations: string[]): Subject => ({ organizations, commonName });
/** Valid for the service, and for a proxy in front of it that forwards TLS without decrypting it. */
const meshServer = (service: string): LeafPlan => ({
	path: `${service}/server`,
	ca: 'mesh',
	subject: named(service),
	purpose: 'server auth',
	hosts: [service, `${service}.wire`, ...localHosts],
});
const meshClient = (path: string, commonName: string): LeafPlan => ({
	path,
	ca: 'mesh',
	subject: named(commonName),
	purpose: 'client auth',
	hosts: [],
});
const kubeconfig = (path: string, user: string, ...organizations: string[]): KubeconfigPlan => ({
	path,
	user,
	subject: named(user, ...organizations),
});

/**
 * The plan of a PKI.
 *
 * @param hosts  more names and addresses of the API server
 * @throws CONFIG_INVALID  one of them is neither a DNS name nor an IP address
 */
export function planPki(hosts: readonly string[]): PkiPlan {
	const wrong = hosts.filter(
		(host) =>
			ipBytes(host) === undefined &&
			!/^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$/.test(host),
	);
	if (wrong.length > 0)
		throw new KubejoinError('CONFIG_INVALID', {
			problems: wrong.map((host) => `${JSON.stringify(host)} is neither a DNS name nor an IP address`),
		});
	return {
		directories: [...tracedPrograms, 'observer', 'redis', 'admin', 'mesh-ca'],
		cas: {
			cluster: {
				commonName: 'kubernetes',
				dnsNames: ['kubernetes'],
				path: 'ca-service/ca',
				copies: ['apiserver-sim/ca', 'admin/ca'],
			},
			mesh: {
				commonName: 'kubejoin-mesh-ca',
				dnsNames: ['kubejoin-mesh-ca'],
				path: 'mesh-ca/mesh-ca',
				copies: [
					'ca-service/mesh-ca',
					'token-store/mesh-ca',
					'apiserver-sim/mesh-ca',
					'controller-manager-sim/mesh-ca',
					'redis/mesh-ca',
				],
			},
		},
		leaves: [
			meshServer('ca-service'),
			meshServer('token-store'),
			meshServer('redis'),
			meshClient('token-store/store', 'token-store'),
			meshClient('apiserver-sim/store', 'apiserver-sim'),
			meshClient('apiserver-sim/token-store-client', 'apiserver-sim'),
			meshClient('controller-manager-sim/mesh-client', 'system:kube-controller-manager'),
			{
				path: 'apiserver-sim/server',
				ca: 'cluster',
				subject: named('kube-apiserver'),
				purpose: 'server auth',
				hosts: [...new Set([...apiServerHosts, ...hosts])],
			},
			{
				path: 'apiserver-sim/kubelet-client',
				ca: 'cluster',
				subject: named('kube-apiserver-kubelet-client'),
				purpose: 'client auth',
				hosts: [],
			},
		],
		kubeconfigs: [
			kubeconfig('controller-manager-sim/controller-manager.conf', 'system:kube-controller-manager'),
			kubeconfig('admin/admin.conf', 'kubernetes-admin', 'kubeadm:cluster-admins'),
			kubeconfig('admin/super-admin.conf', 'kubernetes-super-admin', 'system:masters'),
			kubeconfig('admin/scheduler.conf', 'system:kube-scheduler'),
			kubeconfig('admin/kube-proxy.conf', 'system:kube-proxy'),
		],
		storeUsers: [
			{ user: 'token-store', passwordPath: 'token-store/store-password', keyspace: 'tokens' },
			{ user: 'apiserver-sim', passwordPath: 'apiserver-sim/store-password', keyspace: 'registry' },
		],
		serviceAccountPath: 'apiserver-sim/sa',
		aclPath: 'redis/users.acl',
		publishedPath: 'observer/certificates.json',
		tracesRootPath: tracesKeyPath('observer'),
		tracesKeys: tracedPrograms.map((program) => ({ program, path: tracesKeyPath(program) })),
	};
}

/** Every file of a plan, below the PKI directory. */
export function filesOfPlan(plan: PkiPlan): readonly string[] {
	const { cluster, mesh } = plan.cas;
	return [
		...[cluster, mesh].flatMap(({ path, copies }) => [`${path}.key`, ...[path, ...copies].map((one) => `${one}.crt`)]),
		...plan.leaves.flatMap(({ path }) => [`${path}.crt`, `${path}.key`]),
		...plan.kubeconfigs.map(({ path }) => path),
		...plan.storeUsers.map(({ passwordPath }) => passwordPath),
		...[`${plan.serviceAccountPath}.key`, `${plan.serviceAccountPath}.pub`],
		...[plan.aclPath, plan.publishedPath, plan.tracesRootPath],
		...plan.tracesKeys.map(({ path }) => path),
	];
}
