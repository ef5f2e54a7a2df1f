/** The settings of apiserver-sim. */
import {
	boolean,
	hostPort,
	integer,
	listenSettings,
	oneOf,
	optional,
	setting,
	storeSettings,
	withDefault,
} from '../../lib/config.ts';
import { defaultMinor, kubernetesMinors } from '../../lib/kube/version.ts';
import { limits } from '../../lib/limits.ts';
import { certificatesFile, privateKeyFile, rsaKeyFile } from '../../lib/pki/files.ts';

export const settings = {
	...listenSettings(6443),
	...storeSettings,
	tlsCertificate: setting('TLS_CERT_FILE', certificatesFile, 'PEM file with the certificate that the server shows'),
	tlsKey: setting('TLS_KEY_FILE', privateKeyFile, 'PEM file with its key'),
	serviceAccountKey: setting(
		'SERVICE_ACCOUNT_SIGNING_KEY_FILE',
		rsaKeyFile,
		'PEM file with the RSA key that signs service-account tokens',
	),
	clientCa: setting(
		'CLIENT_CA_FILE',
		certificatesFile,
		'PEM file with the cluster CA, which issues client certificates',
	),
	meshCa: setting('MESH_CA_FILE', certificatesFile, 'PEM file with the CA of the edges between services'),
	tokenStore: setting('TOKEN_STORE', hostPort, 'HOST:PORT of token-store'),
	tokenStoreCertificate: setting(
		'TOKEN_STORE_CERT_FILE',
		certificatesFile,
		'PEM file with the client certificate for token-store',
	),
	tokenStoreKey: setting('TOKEN_STORE_KEY_FILE', privateKeyFile, 'PEM file with its key'),
	kubeletCertificate: setting(
		'KUBELET_CLIENT_CERT_FILE',
		certificatesFile,
		'PEM file with the client certificate for kubelets',
	),
	kubeletKey: setting('KUBELET_CLIENT_KEY_FILE', privateKeyFile, 'PEM file with its key'),
	kubeletCa: optional(
		'KUBELET_CA_FILE',
		certificatesFile,
		'PEM file with the CA that verifies kubelets; without it, as kubeadm configures it, they are not verified',
	),
	allowLoopbackNodes: withDefault(
		'ALLOW_LOOPBACK_NODES',
		boolean,
		false,
		'true: pass on requests to the kubelet of a Node at a loopback address; false, as upstream: refuse them',
	),
	kubernetesVersion: withDefault(
		'KUBERNETES_VERSION',
		oneOf(...kubernetesMinors),
		defaultMinor,
		'minor version that the cluster claims to be, for an older kubeadm: 1.37, 1.36 or 1.35',
	),
	eventTtlSeconds: withDefault(
		'EVENT_TTL_SECONDS',
		integer(60, 30 * 86_400),
		3600,
		"seconds after its last write at which an event is removed, as upstream's --event-ttl",
	),
	maxConnections: withDefault(
		'MAX_CONNECTIONS',
		integer(100, 60_000),
		limits.connections.value,
		'connections that the port keeps open, three quarters of them from one address; raise it for thousands of nodes',
	),
	controlPlaneEndpoint: setting(
		'CONTROL_PLANE_ENDPOINT',
		hostPort,
		'HOST:PORT at which nodes reach this server, for cluster-info',
	),
};
