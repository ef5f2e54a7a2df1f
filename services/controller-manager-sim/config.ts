/** The settings of controller-manager-sim. */
import { contentsOf, hostPort, integer, type Parse, setting, withDefault } from '../../lib/config.ts';
import { certificatesFile, privateKeyFile } from '../../lib/pki/files.ts';

const contentsAndPath: Parse<{ readonly path: string; readonly contents: string }> = (path) => ({
	path,
	contents: contentsOf(path),
});

/** @source pkg/controller/nodelifecycle: --node-monitor-grace-period, 40 s before 1.32 */
export const DEFAULT_GRACE_SECONDS = 50;

export const settings = {
	kubeconfig: setting('KUBECONFIG_FILE', contentsAndPath, 'kubeconfig of User system:kube-controller-manager'),
	caService: withDefault('CA_SERVICE', hostPort, '127.0.0.1:6444', 'HOST:PORT of ca-service'),
	tokenStore: withDefault('TOKEN_STORE', hostPort, '127.0.0.1:6445', 'HOST:PORT of token-store'),
	certificate: setting(
		'TLS_CERT_FILE',
		certificatesFile,
		'PEM file with the client certificate for ca-service and token-store',
	),
	key: setting('TLS_KEY_FILE', privateKeyFile, 'PEM file with the key of that certificate'),
	meshCa: setting(
		'MESH_CA_FILE',
		certificatesFile,
		'PEM file with the CA that issued the certificates of ca-service and token-store',
	),
	nodeMonitorGraceSeconds: withDefault(
		'NODE_MONITOR_GRACE_PERIOD_SECONDS',
		integer(5, 3600),
		DEFAULT_GRACE_SECONDS,
		'seconds without a heartbeat after which a node is Unknown; its lease is renewed every 10 s',
	),
};
