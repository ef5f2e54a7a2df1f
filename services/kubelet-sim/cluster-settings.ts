/** The settings of kubeadm-config and kubelet-config that a node uses. */
import { KubejoinError } from '../../lib/errors.ts';
import { readFileIfThere, writeWholeFiles } from '../../lib/files.ts';
import type { ConfigMap } from '../../lib/kube/types.ts';
import { kubernetesVersion } from '../../lib/kube/version.ts';
import type { NodePaths } from '../../lib/node-paths.ts';
import { quoteInput } from '../../lib/text.ts';
import { readFirstYaml } from '../../lib/yaml.ts';

export interface ClusterSettings {
	readonly clusterName: string;
	/** Of the control plane, and so of its nodes: `v1.37.2`. */
	readonly kubernetesVersion: string;
	readonly clusterDomain: string;
	readonly clusterDns: readonly string[];
	/** Whether the kubelet requests its serving certificate from the cluster. */
	readonly serverTlsBootstrap: boolean;
	/** The document for the file of the kubelet. */
	readonly kubeletConfiguration: string;
}

const keys = { 'kubeadm-config': 'ClusterConfiguration', 'kubelet-config': 'kubelet' } as const;
type Name = keyof typeof keys;

/** As `clusterSettings`. The nodes of a process read the same texts, which are parsed once. */
export function clusterSettingsReader(): typeof clusterSettings {
	let last: { readonly texts: string; readonly settings: ClusterSettings } | undefined;
	return (kubeadmConfig, kubeletConfig) => {
		const texts = JSON.stringify([kubeadmConfig.data, kubeletConfig.data]);
		if (last?.texts !== texts) last = { texts, settings: clusterSettings(kubeadmConfig, kubeletConfig) };
		return last.settings;
	};
}

/** @throws CLUSTER_CONFIGURATION_INVALID */
export function clusterSettings(kubeadmConfig: ConfigMap, kubeletConfig: ConfigMap): ClusterSettings {
	const cluster = fieldsOf(document('kubeadm-config', kubeadmConfig), 'kubeadm-config');
	const kubeletConfiguration = document('kubelet-config', kubeletConfig);
	const kubelet = fieldsOf(kubeletConfiguration, 'kubelet-config');
	const version = cluster.text('kubernetesVersion');
	if (!isRelease(version))
		return refuse(
			'kubeadm-config',
			`failed to decode cluster configuration data: ${quoteInput(version)} is no version`,
		);
	return {
		clusterName: cluster.text('clusterName'),
		kubernetesVersion: version,
		clusterDomain: kubelet.text('clusterDomain'),
		clusterDns: kubelet.texts('clusterDNS'),
		serverTlsBootstrap: kubelet.flag('serverTLSBootstrap'),
		kubeletConfiguration,
	};
}

/** @source kubeadm util/config getInitConfigurationFromCluster, componentconfigs fromConfigMap */
function document(name: Name, { data = {} }: ConfigMap): string {
	const text = data[keys[name]];
	return text === undefined
		? refuse(name, `unexpected error when reading ${name} ConfigMap: ${keys[name]} key value pair missing`)
		: text;
}

function fieldsOf(text: string, name: Name) {
	const value = readFirstYaml(text, { refuse: (problem) => refuse(name, `${name}: ${problem.text}`) })?.value;
	const fields = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
	const wrong = (field: string, wanted: string) => refuse(name, `${name}: ${field} is not ${wanted}`);
	const isAbsent = (field: unknown) => field === undefined || field === null;
	return {
		text(field: string): string {
			const found = isAbsent(fields[field]) ? '' : fields[field];
			return typeof found === 'string' ? found : wrong(field, 'a string');
		},
		texts(field: string): readonly string[] {
			const found = isAbsent(fields[field]) ? [] : fields[field];
			const isList = Array.isArray(found) && found.every((one) => typeof one === 'string');
			return isList ? found : wrong(field, 'a list of strings');
		},
		flag(field: string): boolean {
			const found = isAbsent(fields[field]) ? false : fields[field];
			return typeof found === 'boolean' ? found : wrong(field, 'true or false');
		},
	};
}

const refuse = (configMap: Name, problem: string): never => {
	throw new KubejoinError('CLUSTER_CONFIGURATION_INVALID', { configMap, problem });
};

/** One line about the settings in use. */
export function settingsText(settings: ClusterSettings): string {
	const { kubernetesVersion: version, clusterDomain, clusterDns, serverTlsBootstrap } = settings;
	const certificate = serverTlsBootstrap ? 'requested from the cluster' : 'self-signed';
	const dns = clusterDns.map((ip) => quoteInput(ip, 64)).join(' ');
	const domain = quoteInput(clusterDomain, 128);
	return `Kubernetes ${version}; cluster domain ${domain}, DNS ${dns}; serving certificate ${certificate}`;
}

/** The file that the kubelet reads, and the version that it reports. @throws FILE_UNUSABLE */
export async function writeKubeletFiles(paths: NodePaths, settings: ClusterSettings): Promise<void> {
	await writeWholeFiles([
		{ path: paths.kubeletConfiguration, contents: settings.kubeletConfiguration, mode: 0o644 },
		{ path: paths.kubeletVersion, contents: `${settings.kubernetesVersion}\n`, mode: 0o644 },
	]);
}

/** Whether the kubelet requests its serving certificate from the cluster. @throws CLUSTER_CONFIGURATION_INVALID */
export async function readServerTlsBootstrap(paths: Pick<NodePaths, 'kubeletConfiguration'>): Promise<boolean> {
	const text = await readFileIfThere(paths.kubeletConfiguration);
	return text === undefined ? false : fieldsOf(text, 'kubelet-config').flag('serverTLSBootstrap');
}

/** The version of the control plane that the node joined. */
export async function readKubeletVersion(paths: Pick<NodePaths, 'kubeletVersion'>): Promise<string> {
	const version = (await readFileIfThere(paths.kubeletVersion))?.trim() ?? '';
	return isRelease(version) ? version : kubernetesVersion.gitVersion;
}

const isRelease = (version: string): boolean => /^v\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(version);
